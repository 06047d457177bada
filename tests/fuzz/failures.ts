import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WireRequest } from "./wire-request.ts";

/** Faults that were found, each kind once. */
export class Failures {
  readonly #folder: string;
  readonly #seen = new Map<string, number>();
  #files = 0;

  /** @param folder where the requests that failed are written */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Kinds of faults. */
  get count(): number {
    return this.#seen.size;
  }

  /** Counts a fault. @returns whether it is the first of its kind, which is to be reported */
  claim(message: string): boolean {
    const kind = kindOf(message);
    const times = (this.#seen.get(kind) ?? 0) + 1;
    this.#seen.set(kind, times);
    return times === 1;
  }

  /** Prints a fault that was claimed, with the request as far as it was made smaller. */
  report(message: string, details: string, request?: WireRequest): void {
    console.log(`FAILED  ${message}\n        ${details}`);
    if (request === undefined) return;
    mkdirSync(this.#folder, { recursive: true });
    this.#files += 1;
    const file = join(this.#folder, `${this.#files}-${request.label.replaceAll(" ", "-")}.base64`);
    writeFileSync(file, `${request.bytes.toString("base64")}\n`);
    console.log(`        ${request.label}, ${request.bytes.length} bytes, in ${file}`);
    console.log(`        ${JSON.stringify(request.bytes.toString("latin1", 0, 400))}`);
  }

  /** How often each kind was seen. */
  summary(): string {
    return [...this.#seen].map(([kind, times]) => `        ${times} x ${kind}`).join("\n");
  }
}

/** Requests differ in names and numbers, faults do not. */
export function kindOf(message: string): string {
  return message
    .slice(0, 400)
    .replace(/"(?:[^"\\]|\\.)*"?/g, '""')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID")
    .replace(/\d+/g, "N")
    .slice(0, 120);
}
