import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { type Answer, type RequestOptions, request } from "./http-client.ts";

interface Media {
  readonly schema: object;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Response {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, Media>>;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** An operation of an OpenAPI document. */
export interface ApiOperation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<Record<string, Response>>;
}

export interface ApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>;
  readonly components: Readonly<Record<"schemas" | "responses", Readonly<Record<string, object>>>>;
}

/** One operation and where it stands. */
export interface ListedOperation extends ApiOperation {
  readonly path: string;
  readonly method: string;
}

/** The OpenAPI document of a server, and whether its answers are what it says. */
export class DescribedServer {
  readonly url: string;
  readonly document: ApiDocument;
  readonly #ajv: Ajv2020;
  readonly #validators = new Map<string, ValidateFunction>();

  private constructor(url: string, document: ApiDocument) {
    this.url = url;
    this.document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false, logger: false });
    // What the document does not name is a fault of it, though clients are to bear it.
    this.#ajv.addSchema(closed(document) as object, "api");
  }

  static async read(url: string): Promise<DescribedServer> {
    const { json } = await request(`${url}/openapi.json`);
    return new DescribedServer(url, json as unknown as ApiDocument);
  }

  get operations(): readonly ListedOperation[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
    );
  }

  operation(operationId: string): ListedOperation {
    const found = this.operations.find((one) => one.operationId === operationId);
    if (found === undefined) throw new Error(`there is no operation ${operationId}`);
    return found;
  }

  /** Asks an operation for the model that is served. */
  ask(
    { path, method }: ListedOperation,
    { model = "model", ...options }: RequestOptions & { readonly model?: string } = {},
  ): Promise<Answer> {
    const values: Record<string, string> = {
      name: model,
      version: "1",
      label: "stable",
      model_version: "1.0",
      file: "start.js",
    };
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
    return request(this.url + filled, { method: method.toUpperCase(), ...options });
  }

  /** Returns what of an answer the document does not say; nothing is as it should be. */
  problems({ path, method, responses }: ListedOperation, answer: Answer): unknown[] {
    const where = `${method} ${path} ${answer.status}`;
    const place = ["paths", path, method, "responses", String(answer.status)];
    const response = responses[String(answer.status)];
    if (response === undefined) return [`${where} is not documented: ${answer.text.slice(0, 200)}`];
    const [, ...shared] = response.$ref?.split("/") ?? [];
    const { content = {} } =
      response.$ref === undefined
        ? response
        : (this.document.components.responses[shared.at(-1) ?? ""] as Response);
    const [type = ""] = (answer.headers["content-type"] ?? "").split(";");
    if (content[type] === undefined) return [`${where}: ${type || "no content"} is not documented`];
    if (type !== "application/json") return [];
    const schema = [...(shared.length > 0 ? shared : place), "content", type, "schema"];
    return this.#mismatches(schema, answer.json).map((one) => ({ where, ...one }));
  }

  /** Returns what of a value a named schema does not say. */
  mismatches(name: string, value: unknown): object[] {
    return this.#mismatches(["components", "schemas", name], value);
  }

  #mismatches(schema: readonly string[], value: unknown): object[] {
    const pointer = schema
      .map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")))
      .join("/");
    const validate = this.#validators.get(pointer) ?? this.#ajv.compile({ $ref: `api#/${pointer}` });
    this.#validators.set(pointer, validate);
    if (validate(value)) return [];
    const got = JSON.stringify(value).slice(0, 300);
    return (validate.errors ?? []).slice(0, 8).map((error) => ({ got, ...error }));
  }
}

/** Returns a schema of which no object may have more than it names. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const parts = Object.entries(schema).map(([key, value]) => [key, closed(value)]);
  const isOpen = "type" in schema && schema.type === "object" && "properties" in schema;
  return { ...(isOpen ? { additionalProperties: false } : {}), ...Object.fromEntries(parts) };
}
