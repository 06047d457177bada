import type { Settings } from "../../config/settings.ts";
import type { Servable } from "../../servable.ts";
import type { Value } from "../../tensor/value.ts";
import type { Schema } from "./schema.ts";

/** A model that answers, and what the names of its schemas begin with. */
export interface DescribedModel {
  readonly key: string;
  readonly servable: Servable;
}

export interface DocumentScopeOptions {
  readonly settings: Settings;
  /** Of all models, those that are not loaded among them. */
  readonly names: readonly string[];
  /** Those that answer, each in all its versions, the highest first. */
  readonly servables: readonly Servable[];
}

/** What operations share. @see OpenAPI 3.1, "Components Object" */
type Section = "schemas" | "responses" | "parameters" | "headers";

type Component = { readonly [key: string]: Value };

/** What a document is about, and the components that it has so far. */
export class DocumentScope {
  readonly settings: Settings;
  readonly names: readonly string[];
  readonly models: readonly DescribedModel[];
  readonly #sections = new Map<Section, Map<string, Component>>();

  constructor({ settings, names, servables }: DocumentScopeOptions) {
    this.settings = settings;
    this.names = names;
    const keys = new Set<string>();
    this.models = servables.map((servable) => {
      const key = freeKey(servable, keys);
      keys.add(key);
      return { key, servable };
    });
  }

  /** In the order in which they were asked for. */
  get components(): { readonly [section: string]: Value } {
    const sections = [...this.#sections].map(([name, components]) => [name, Object.fromEntries(components)]);
    return Object.fromEntries(sections) as { readonly [section: string]: Value };
  }

  /** Returns the reference to a named schema, which is made at the first time. */
  define(name: string, make: () => Schema): Schema {
    return this.share("schemas", name, make);
  }

  /** Returns the reference to a component, which is made at the first time. */
  share(section: Section, name: string, make: () => Component): Component {
    const components = this.#sections.get(section) ?? new Map<string, Component>();
    this.#sections.set(section, components);
    if (!components.has(name)) {
      // Its place, before those that it needs.
      components.set(name, {});
      components.set(name, make());
    }
    return { $ref: `#/components/${section}/${name}` };
  }
}

/** The highest version has the name of its model. The characters are those that a component's name may have. */
function freeKey({ name, version }: Servable, taken: ReadonlySet<string>): string {
  const key = name.replace(/[^\w.-]/g, "_");
  if (!taken.has(key)) return key;
  for (let number = 1; ; number++) {
    const one = number === 1 ? `${key}.${version}` : `${key}.${version}_${number}`;
    if (!taken.has(one)) return one;
  }
}
