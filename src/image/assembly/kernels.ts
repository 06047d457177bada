// The program that the image workers run on pixels, in AssemblyScript: compiled to WebAssembly with 128-bit vectors.
// It keeps nothing between calls but the tables of one JPEG. The host places all data; see ../kernels.ts.

export { greyToRgb, yccToRgb } from "./jpeg-color";
export { buildHuffmanTable } from "./jpeg-huffman";
export { decodeScan, setComponent, unstuff, unstuffedFrom } from "./jpeg-scan";
export { lookUp8, lookUp16, lookUp32 } from "./look-up";
export { resampleColumns1, resampleColumns3, resampleRows } from "./resample";

/** Where the host's own data may begin. */
export function heapBase(): usize {
  return __heap_base;
}
