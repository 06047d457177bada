import type { DType } from "../../tensor/dtype.ts";
import type { Dimension } from "../../tensor/tensor.ts";
import { BOOLEAN, closedObject, FLOAT, INTEGER, type Schema, TEXT } from "./schema.ts";

/** Returns the schema of a tensor as an answer has it, in nested lists; of shape [], a bare element. */
export function answeredTensor(dtype: DType, shape: readonly Dimension[]): Schema {
  return nest(elementOf(dtype), shape);
}

/** Returns the schema of a tensor as a request has it. JSON has no NaN; a string may be bytes in base64. */
export function sentTensor(dtype: DType, shape: readonly Dimension[]): Schema {
  if (dtype === "string") return nest({ anyOf: [TEXT, closedObject({ b64: TEXT })] }, shape);
  return nest(dtype.startsWith("float") ? { type: "number" } : elementOf(dtype), shape);
}

function elementOf(dtype: DType): Schema {
  if (dtype === "string") return TEXT;
  if (dtype === "bool") return BOOLEAN;
  return dtype.startsWith("float") ? FLOAT : INTEGER;
}

/** A size that is known only when the model runs is any. */
function nest(element: Schema, shape: readonly Dimension[]): Schema {
  return shape.reduceRight<Schema>((items, size) => {
    const bounds = typeof size === "number" ? { minItems: size, maxItems: size } : {};
    return { type: "array", items, ...bounds };
  }, element);
}
