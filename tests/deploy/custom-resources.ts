import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { requireFit } from "./fits-schema.ts";

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Definition {
  readonly kind?: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: object };
    }[];
  };
}

/** Returns whether a resource's kind is not Kubernetes' own. */
export function isCustom({ apiVersion }: Resource): boolean {
  const [group = ""] = apiVersion.split("/");
  return group.includes(".") && !group.endsWith(".k8s.io");
}

/**
 * Returns the kinds that were checked, for the report.
 *
 * @param folder of CustomResourceDefinitions
 * @throws {Error} when a resource has no definition there, or does not fit it; keys that it does not know included.
 */
export function checkCustomResources(resources: readonly Resource[], folder: string): string {
  const definitions = readDefinitions(folder);
  for (const resource of resources) {
    const [group, version] = resource.apiVersion.split("/");
    const definition = definitions.find(
      ({ spec }) => spec.group === group && spec.names.kind === resource.kind,
    );
    const schema = definition?.spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema;
    const what = `${resource.apiVersion} ${resource.kind}`;
    if (schema === undefined) throw new Error(`${folder} has no definition of ${what}`);
    requireFit(what, resource, closed(schema) as object);
  }
  return [...new Set(resources.map(({ kind }) => kind))].join(", ");
}

function readDefinitions(folder: string): Definition[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => /\.ya?ml$/.test(file))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, file), "utf8")))
    .map((document) => document.toJS() as Definition)
    .filter((one) => one?.kind === "CustomResourceDefinition");
}

/** A cluster drops keys that it does not know without a word: here they are errors. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = "additionalProperties" in copy || copy["x-kubernetes-preserve-unknown-fields"] === true;
  return "properties" in copy && !isOpen ? { ...copy, additionalProperties: false } : copy;
}
