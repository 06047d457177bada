import { LosslessNumber } from "lossless-json";
import type { DType } from "../tensor/dtype.ts";
import { toFloat16Bits } from "../tensor/float16.ts";

/** Returns what a tensor holds for a JSON scalar, or undefined when the type cannot take it. */
export type ReadElement = (value: unknown) => number | bigint | string | undefined;

/**
 * How each type reads a JSON scalar. Floats take any number and round as the type does, past its range to
 * infinity; integers take integer tokens in their own range; bool takes true and false only.
 *
 * @see tensorflow/serving `util/json_tensor.cc` AddValueToTensor, which checks int8, int16 and uint8 as int32
 */
export const READ_ELEMENT: Readonly<Record<DType, ReadElement>> = {
  float32: readNumber,
  float64: readNumber,
  float16: (value) => {
    const number = readNumber(value);
    return number === undefined ? undefined : toFloat16Bits(number);
  },
  int8: integer(-(2 ** 7), 2 ** 7 - 1),
  int16: integer(-(2 ** 15), 2 ** 15 - 1),
  int32: integer(-(2 ** 31), 2 ** 31 - 1),
  int64: bigInteger(-(2n ** 63n), 2n ** 63n - 1n),
  uint8: integer(0, 2 ** 8 - 1),
  uint16: integer(0, 2 ** 16 - 1),
  uint32: integer(0, 2 ** 32 - 1),
  uint64: bigInteger(0n, 2n ** 64n - 1n),
  bool: (value) => (value === true ? 1 : value === false ? 0 : undefined),
  string: (value) => (typeof value === "string" ? value : undefined),
};

function readNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return value instanceof LosslessNumber ? Number(value.value) : undefined;
}

/** A LosslessNumber is refused: it has a fraction, an exponent or more digits than 32 bits hold. */
function integer(min: number, max: number): ReadElement {
  return (value) =>
    typeof value === "number" && value >= min && value <= max && Number.isInteger(value) ? value : undefined;
}

function bigInteger(min: bigint, max: bigint): ReadElement {
  return (value) => {
    const exact = readBigInt(value);
    return exact !== undefined && exact >= min && exact <= max ? exact : undefined;
  };
}

function readBigInt(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  // 20 characters hold every 64-bit integer; a longer token is not worth the time BigInt would take.
  const isInteger = value instanceof LosslessNumber && /^-?\d{1,20}$/.test(value.value);
  return isInteger ? BigInt(value.value) : undefined;
}
