import { stringify } from "csv-stringify/sync";
import type { ImageOutcome } from "../client/image-source.ts";
import type { ResultForm } from "./result-form.ts";

/** An entry of `top_k` or of `boxes`. */
interface Entry {
  readonly label?: unknown;
  readonly class?: unknown;
  readonly score?: unknown;
  readonly box?: readonly unknown[];
}

type Cell = string | number | undefined;

/** The columns between the image and its error, and what a prediction puts there: a row for each entry. */
interface Table {
  readonly columns: readonly string[];
  readonly rows: (prediction: string) => readonly (readonly Cell[])[];
}

const ENTRY_COLUMNS = ["rank", "label", "class", "score"] as const;

const TABLES: Readonly<Record<string, Table>> = {
  top_k: {
    columns: ENTRY_COLUMNS,
    rows: (prediction) => entries(prediction).map((entry, i) => entryCells(entry, i)),
  },
  boxes: {
    columns: [...ENTRY_COLUMNS, "x1", "y1", "x2", "y2"],
    rows: (prediction) =>
      entries(prediction).map((entry, i) => [...entryCells(entry, i), ...(entry.box ?? []).map(cell)]),
  },
};

const ONE_CELL: Table = { columns: ["prediction"], rows: (prediction) => [[cell(JSON.parse(prediction))]] };
const MASK: Table = { ...ONE_CELL, columns: ["mask"] };

/**
 * Returns results as a table. `top_k` and `boxes` have a row for each of their entries, and an image without any has one; of
 * other signatures an image has one row, in which lists and objects stand as JSON.
 *
 * @param signature as it was asked for; undefined: the server's own
 * @param hasMasks predictions are files
 */
export function csvForm(signature: string | undefined, hasMasks: boolean): ResultForm {
  const listed = signature !== undefined && Object.hasOwn(TABLES, signature) ? TABLES[signature] : undefined;
  const table = listed ?? (hasMasks ? MASK : ONE_CELL);
  const blank = table.columns.map(() => undefined);
  const cellsOf = (outcome: ImageOutcome, maskFile: string | undefined): readonly (readonly Cell[])[] => {
    if ("error" in outcome) return [blank];
    if (maskFile !== undefined) return [[maskFile]];
    const rows = table.rows(outcome.prediction);
    return rows.length === 0 ? [blank] : rows;
  };
  return {
    head: stringify([["image", ...table.columns, "error"]]),
    hasQuotes: true,
    isGrouped: listed !== undefined,
    // The last column is empty unless the image failed; what is in it ends with a letter or a quote.
    read: (record) => {
      const key = firstCell(record);
      return key === undefined ? undefined : { key, isDone: record.endsWith(",") };
    },
    write: (outcome, maskFile) => {
      const error = "error" in outcome ? `${outcome.error.code}: ${outcome.error.message}` : undefined;
      return stringify(cellsOf(outcome, maskFile).map((cells) => [outcome.name, ...cells, error]));
    },
  };
}

function entries(prediction: string): readonly Entry[] {
  const value: unknown = JSON.parse(prediction);
  return Array.isArray(value) ? (value as Entry[]) : [];
}

function entryCells({ label, class: index, score }: Entry, i: number): Cell[] {
  return [i + 1, cell(label), cell(index), cell(score)];
}

function cell(value: unknown): Cell {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" || typeof value === "number" ? value : JSON.stringify(value);
}

function firstCell(record: string): string | undefined {
  const [, quoted, plain] = /^(?:"((?:[^"]|"")*)"|([^",]*)),/.exec(record) ?? [];
  return quoted?.replaceAll('""', '"') ?? plain;
}
