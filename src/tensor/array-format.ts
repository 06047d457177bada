/** Element types of a raw array of pixels, by NumPy's names; all little-endian. */
export const ARRAY_DTYPES = [
  "uint8",
  "int8",
  "uint16",
  "int16",
  "uint32",
  "int32",
  "float16",
  "float32",
  "float64",
] as const;

export type ArrayDType = (typeof ARRAY_DTYPES)[number];

/** The orders of an array's axes: bands last, or bands first. */
export const ARRAY_LAYOUTS = ["HWC", "CHW"] as const;

/** How bytes are an array of pixels. */
export interface ArrayFormat {
  readonly dtype: ArrayDType;
  /** Shapes: three axes in the order of `layout`, or `[height, width]` for a single band. */
  readonly shape: readonly number[];
  /** @default where the model's number of bands stands in the shape */
  readonly layout?: (typeof ARRAY_LAYOUTS)[number];
}

const BY_NAME: ReadonlyMap<string, ArrayDType> = new Map(
  ARRAY_DTYPES.flatMap((dtype) => {
    const short = `${dtype[0]}${arrayItemBytes(dtype)}`;
    return [dtype, short, `<${short}`, ...(arrayItemBytes(dtype) === 1 ? [`|${short}`] : [])].map(
      (name) => [name, dtype] as const,
    );
  }),
);

/**
 * Returns the type that `name` is: `uint16`, or NumPy's `<u2`, `u2`; undefined for another one, big-endian ones among
 * them.
 *
 * @see numpy/numpy `numpy/lib/format.py` dtype_to_descr
 */
export function findArrayDType(name: string): ArrayDType | undefined {
  return BY_NAME.get(name);
}

/** Tells whether `value` can be the shape of an array: two or three axes, none of them empty. */
export function isArrayShape(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    (value.length === 2 || value.length === 3) &&
    value.every((size) => Number.isSafeInteger(size) && (size as number) > 0)
  );
}

/** Returns the bytes of one element. */
export function arrayItemBytes(dtype: ArrayDType): number {
  return Number(/\d+/.exec(dtype)?.[0]) / 8;
}
