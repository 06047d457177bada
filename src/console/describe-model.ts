import type { DescribedModel } from "./server-api.ts";

/** A row of the model's card. */
export interface CardRow {
  readonly name: string;
  readonly text: string;
  /** The file or rule that it came from. */
  readonly origin?: string | undefined;
}

/** Rows that belong together. */
export interface CardSection {
  readonly heading: string;
  readonly rows: readonly CardRow[];
}

const MOST_LABELS = 12;

/** Returns what the card says of a model, under its headings. */
export function describeModel({ model, inputs }: DescribedModel): readonly CardSection[] {
  const { origins, golden, batching, lanes } = model;
  const tensors = Object.entries(inputs).map(([name, { dtype, tensor_shape }]) => {
    const sizes = tensor_shape.dim.map(({ size }) => (size === "-1" ? "?" : size));
    return { name: "Input", text: `${name} ${dtype.replace("DT_", "").toLowerCase()} [${sizes.join(", ")}]` };
  });
  const takesPictures = model.accepts?.pictures === true;
  return [
    {
      heading: "Model",
      rows: [
        { name: "Task", text: describeTask(model), origin: origins.task },
        ...(takesPictures ? [{ name: "Input", text: "images" }] : tensors),
        ...(model.labels === null
          ? []
          : [{ name: "Labels", text: describeLabels(model.labels), origin: origins.labels }]),
        ...(model.activation === null
          ? []
          : [{ name: "Activation", text: model.activation, origin: origins.activation }]),
        { name: "File", text: model.file },
        { name: "SHA-256", text: model.sha256.slice(0, 12) },
      ],
    },
    ...(model.preprocess === null
      ? []
      : [{ heading: "Preprocessing", rows: preprocessRows(model.preprocess, origins) }]),
    {
      heading: "Proof",
      rows: [
        {
          name: "Golden pair",
          text:
            golden === null
              ? "none: the preprocessing is not proven"
              : `passed; largest difference ${brief(golden.largestDifference)}, allowed ${brief(golden.tolerance)}`,
        },
      ],
    },
    {
      heading: "Running",
      rows: [
        { name: "Provider", text: model.provider === "cuda" ? "CUDA" : model.provider.toUpperCase() },
        {
          name: "Batches",
          text: batching.kind === "rows" ? `up to ${count(batching.max_batch_size, "row")}` : "none",
          ...(batching.kind === "rows" ? { origin: batching.reason } : {}),
        },
        {
          name: "Lanes",
          text: `${count(lanes.count, "session")} of ${count(lanes.intra_op_threads, "thread")}`,
          origin: lanes.reason,
        },
        ...batching.measured.map(({ batch_size, run_ms }) => ({
          name: `Run of ${batch_size}`,
          text: `${run_ms.toPrecision(3)} ms`,
          origin: "measured at the start",
        })),
      ],
    },
  ];
}

function describeTask({ task, multi_label }: DescribedModel["model"]): string {
  return multi_label ? `${task}, any number of labels` : task;
}

function describeLabels(labels: readonly string[]): string {
  const shown = labels.slice(0, MOST_LABELS).join(", ");
  return labels.length > MOST_LABELS ? `${shown} … (${labels.length})` : shown;
}

function preprocessRows(
  preprocess: Readonly<Record<string, unknown>>,
  origins: Readonly<Record<string, string>>,
): readonly CardRow[] {
  return Object.entries(preprocess)
    .filter(([, value]) => typeof value !== "boolean")
    .map(([name, value]) => ({ name: toWords(name), text: describeValue(value), origin: origins[name] }));
}

/** `rescaleFactor` → `Rescale factor`. */
function toWords(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Sizes are height, then width. */
function describeValue(value: unknown): string {
  if (typeof value === "number") return brief(value);
  if (Array.isArray(value)) return value.map(describeValue).join(", ");
  if (typeof value !== "object" || value === null) return String(value);
  const { height, width, ...more } = value as Record<string, unknown>;
  const size = typeof height === "number" && typeof width === "number" ? [`${height} × ${width}`] : [];
  return [...size, ...Object.entries(more).map(describeEntry)].join(", ");
}

function describeEntry([name, value]: readonly [string, unknown]): string {
  if (name === "kind" || name === "filter" || name === "size")
    return describeValue(value).replaceAll("_", " ");
  return `${toWords(name).toLowerCase()} ${describeValue(value)}`;
}

function brief(value: number): string {
  if (Math.abs(value - 1 / 255) < 1e-12) return "1/255";
  return String(Number(value.toPrecision(4)));
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
