import type { Value } from "../../tensor/value.ts";
import type { ApiParameter } from "../route-api.ts";
import { SWAGGER_UI_FILES } from "../swagger-ui-files.ts";
import type { DocumentScope } from "./document-scope.ts";
import { INTEGER, type Schema, TEXT } from "./schema.ts";

/** A header of an answer. */
export type ReplyHeader =
  | "X-Request-Id"
  | "X-Failed-Instances"
  | "Retry-After"
  | "Content-Encoding"
  | "ETag"
  | "Inference-Header-Content-Length"
  | "X-Amzn-SageMaker-Custom-Attributes";

const HEADERS: Readonly<Record<ReplyHeader, { readonly description: string; readonly schema: Schema }>> = {
  "X-Request-Id": {
    description: "The caller's own where that is a plain one, else a new one; it stands in the log.",
    schema: TEXT,
  },
  "X-Failed-Instances": {
    description: "The instances that failed alone; only where there are any.",
    schema: { ...TEXT, pattern: "^\\d+(,\\d+)*$" },
  },
  "Retry-After": { description: "Seconds after which another try may succeed.", schema: INTEGER },
  "Content-Encoding": {
    description: "Of long answers, where Accept-Encoding names it.",
    schema: { enum: ["br", "gzip"] },
  },
  ETag: { description: "Of what is sent.", schema: TEXT },
  "Inference-Header-Content-Length": {
    description: "The bytes of JSON before the binary tensors; only where there are any.",
    schema: INTEGER,
  },
  "X-Amzn-SageMaker-Custom-Attributes": { description: "Those of the request.", schema: TEXT },
};

/** Returns headers of an answer, none of which is always there but the first. */
export function describedHeaders(scope: DocumentScope, names: readonly ReplyHeader[]): Record<string, Value> {
  return Object.fromEntries(
    names.map((name) => [name, scope.share("headers", name, () => ({ ...HEADERS[name] }))]),
  );
}

const PATH_PARAMETERS = {
  name: ({ names }: DocumentScope): Schema => ({ enum: names, default: names[0] ?? "" }),
  version: ({ models }: DocumentScope): Schema => ({
    ...INTEGER,
    minimum: 0,
    ...(models[0] === undefined ? {} : { examples: [models[0].servable.version] }),
  }),
  label: (): Schema => TEXT,
  model_version: (): Schema => ({ ...TEXT, examples: ["1.0"] }),
  file: (): Schema => ({ enum: Object.keys(SWAGGER_UI_FILES) }),
} as const;

const PATH_TEXTS: Readonly<Record<keyof typeof PATH_PARAMETERS, string>> = {
  name: "A model.",
  version: "One of its versions.",
  label: "What stands for one of its versions.",
  model_version: "One of its versions, as TorchServe writes it.",
  file: "A file of Swagger UI.",
};

interface Described {
  readonly in: "header" | "query";
  readonly description: string;
  readonly schema: Schema;
}

const PARAMETERS: Readonly<Record<ApiParameter | "X-Request-Id" | "Content-Encoding", Described>> = {
  "X-Request-Id": {
    in: "header",
    description: "Up to 128 letters, digits and `_.:=;-`; anything else is replaced.",
    schema: TEXT,
  },
  "Content-Encoding": {
    in: "header",
    description: "Of the body: gzip, deflate or br.",
    schema: TEXT,
  },
  "If-None-Match": { in: "header", description: "An ETag.", schema: TEXT },
  "Inference-Header-Content-Length": {
    in: "header",
    description: "The bytes of JSON that the body begins with; tensors stand behind it.",
    schema: { ...INTEGER, minimum: 0 },
  },
  "X-Amzn-SageMaker-Custom-Attributes": { in: "header", description: "Comes back as it is.", schema: TEXT },
  model_name: { in: "query", description: "A model, where there are several.", schema: TEXT },
  limit: {
    in: "query",
    description: "Most models in the answer.",
    schema: { ...INTEGER, minimum: 0, maximum: 999_999_999, default: 100 },
  },
  next_page_token: {
    in: "query",
    description: "`nextPageToken` of the page before.",
    schema: { ...INTEGER, minimum: 0, maximum: 999_999_999, default: 0 },
  },
};

/** Returns the references to the parameters of an operation: those of its path first. */
export function describedParameters(
  scope: DocumentScope,
  path: string,
  others: readonly (keyof typeof PARAMETERS)[],
): Value[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name as keyof typeof PATH_PARAMETERS);
  return [
    ...inPath.map((name) =>
      scope.share("parameters", name, () => ({
        name,
        in: "path",
        required: true,
        description: PATH_TEXTS[name],
        schema: PATH_PARAMETERS[name](scope),
      })),
    ),
    ...others.map((name) => scope.share("parameters", name, () => ({ name, ...PARAMETERS[name] }))),
  ];
}
