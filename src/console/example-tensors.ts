import type { TensorMetadata } from "./model-metadata.ts";

/** A longer request is no example. */
const MOST_NUMBERS = 64;

/** Returns a request that a model of plain tensors takes: zeros, in the shape of its inputs; undefined where they are too large. */
export function exampleTensors(inputs: Readonly<Record<string, TensorMetadata>>): string | undefined {
  const entries = Object.entries(inputs);
  const rows = entries.map(([name, { dtype, tensor_shape }]) => {
    const shape = tensor_shape.dim.slice(1).map(({ size }) => Math.max(1, Number(size)));
    return { name, shape, zero: zeroOf(dtype) };
  });
  const numbers = rows.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
  if (entries.length === 0 || numbers > MOST_NUMBERS) return undefined;
  const named = Object.fromEntries(rows.map(({ name, shape, zero }) => [name, nest(shape, zero)]));
  const [only, ...more] = Object.values(named);
  return JSON.stringify({ instances: [more.length === 0 ? only : named] }, undefined, 1).replace(
    /\n\s*/g,
    " ",
  );
}

function zeroOf(dtype: string): number | boolean | string {
  if (dtype === "DT_BOOL") return false;
  return dtype === "DT_STRING" ? "" : 0;
}

function nest(shape: readonly number[], zero: unknown): unknown {
  const [size, ...inner] = shape;
  return size === undefined ? zero : Array.from({ length: size }, () => nest(inner, zero));
}
