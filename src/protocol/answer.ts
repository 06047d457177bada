import type { Value } from "../tensor/value.ts";

/** A response body before it is text: a {@link Value}, in which a caller's own JSON may stand. */
export type Answer = Value | JsonText | JsonEntries | readonly Answer[] | { readonly [key: string]: Answer };

/** A JSON object whose keys keep their order: those of an object of JavaScript's that are numbers come first. */
export class JsonEntries {
  readonly entries: readonly (readonly [name: string, value: Answer])[];

  constructor(entries: JsonEntries["entries"]) {
    this.entries = entries;
  }
}

/**
 * JSON text that is written as it stands: what a caller sent and gets back. As an object it could pass
 * itself off as a tensor (`{"dtype", "shape", "data"}`); no JSON parses to an instance of this class.
 */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
