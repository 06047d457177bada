import { ServingError } from "../../errors.ts";
import type { DType, TensorData } from "../../tensor/dtype.ts";
import type { PackedNumbers } from "./packed-numbers.ts";

/**
 * Copies numbers into a tensor's type: protobuf has no type of less than 32 bits. A bool becomes 0 or 1.
 *
 * @param data as long as `values`, or longer
 * @throws {ServingError} INVALID_ARGUMENT when one is out of the type's range; a typed array would wrap it around
 * without a word.
 */
export function narrowNumbers(
  values: PackedNumbers,
  data: Exclude<TensorData, string[]>,
  { dtype, where }: { readonly dtype: DType; readonly where: string },
): void {
  const into = data as { [index: number]: number | bigint };
  if (dtype === "bool") {
    for (let i = 0; i < values.length; i++) into[i] = values[i] === 0 ? 0 : 1;
    return;
  }
  // Same kind of elements on both sides, as the caller has seen to.
  (data as Float32Array).set(values as Float32Array);
  if (data.BYTES_PER_ELEMENT === values.BYTES_PER_ELEMENT) return;
  for (let i = 0; i < values.length; i++) {
    if (into[i] === values[i]) continue;
    throw new ServingError("INVALID_ARGUMENT", `${where}: ${values[i]} at offset ${i} is no ${dtype}`);
  }
}
