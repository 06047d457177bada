import { writeJson } from "../protocol/write-json.ts";
import type { Servable } from "../servable.ts";
import type { ModelDirectory } from "../serving/model-directory.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import type { Route } from "./route.ts";

/** The OpenAPI document of some routes, with the models that are there when it is asked for. */
export class ApiDocument {
  readonly #api: ServingApi;
  readonly #routes: () => readonly Route[];
  #built: { readonly of: readonly unknown[]; readonly bytes: Promise<Uint8Array> } | undefined;

  /** @param routes known when the first document is asked for */
  constructor(api: ServingApi, routes: () => readonly Route[]) {
    this.#api = api;
    this.#routes = routes;
  }

  /** Returns the document as JSON; the same bytes as long as the models stay what they are. */
  bytes(): Promise<Uint8Array> {
    const { models } = this.#api;
    const servables = loaded(models);
    const of = [...models.names, ...servables];
    if (this.#built === undefined || !isSame(this.#built.of, of)) {
      this.#built = { of, bytes: this.#build(servables) };
    }
    return this.#built.bytes;
  }

  /** What only this needs is imported here, so that the port is bound before. */
  async #build(servables: readonly Servable[]): Promise<Uint8Array> {
    const { buildDocument } = await import("./openapi/build-document.ts");
    const { settings, models } = this.#api;
    const document = buildDocument({ routes: this.#routes(), settings, names: models.names, servables });
    const { chunks } = await writeJson(document);
    return Buffer.concat(chunks);
  }
}

/** Order: that of the models; of each the highest version first. */
function loaded(models: ModelDirectory): Servable[] {
  return models.names.flatMap((name) =>
    (models.versions(name) ?? []).flatMap(({ version, state }) => {
      if (state !== "AVAILABLE") return [];
      try {
        return [models.find({ name, version: BigInt(version) }).servable];
      } catch {
        // Its workers are gone for the moment.
        return [];
      }
    }),
  );
}

function isSame(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some.length === others.length && some.every((one, i) => one === others[i]);
}
