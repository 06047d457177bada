import { readFileSync } from "node:fs";

/** What `assembly/kernels.ts` exports; arguments are addresses and sizes in bytes but where they are counts. */
interface KernelFunctions {
  heapBase(): number;
  buildHuffmanTable(index: number, segment: number): number;
  setComponent(
    index: number,
    across: number,
    down: number,
    dcTable: number,
    acTable: number,
    quantisation: number,
    plane: number,
    line: number,
  ): void;
  unstuff(source: number, end: number, target: number): number;
  unstuffedFrom(): number;
  decodeScan(
    segment: number,
    bytes: number,
    mcusAcross: number,
    mcusDown: number,
    components: number,
  ): number;
  greyToRgb(luma: number, line: number, height: number, width: number, target: number): void;
  yccToRgb(
    luma: number,
    lumaLine: number,
    blue: number,
    red: number,
    chromaLine: number,
    across: number,
    down: number,
    height: number,
    width: number,
    scratch: number,
    target: number,
  ): void;
  resampleColumns1: ResampleKernel;
  resampleColumns3: ResampleKernel;
  resampleRows: ResampleKernel;
  lookUp8: LookUpKernel;
  lookUp16: LookUpKernel;
  lookUp32: LookUpKernel;
}

type ResampleKernel = (
  source: number,
  sourceLine: number,
  target: number,
  targetLine: number,
  height: number,
  extent: number,
  extents: number,
  weights: number,
  stride: number,
) => void;

type LookUpKernel = (
  source: number,
  sourceStep: number,
  sourceLine: number,
  target: number,
  targetStep: number,
  targetLine: number,
  height: number,
  width: number,
  table: number,
) => void;

/** The part of the standard's interface that is used here; Node's types leave it to those of a browser. */
declare const WebAssembly: {
  readonly Module: new (program: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: KernelFunctions & { readonly memory: Memory } };
};

interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const PAGE_BYTES = 65_536;

/** A thread keeps this much between images; what a larger one took is given back. */
const KEPT_BYTES = 2 ** 24;

/** Read and written past the end of what is allocated, so that kernels need no ends of their own. */
const SLACK_BYTES = 64;

/** An instance of the kernels, and its memory to lay data out in. */
export class Kernels {
  readonly run: KernelFunctions;
  readonly #memory: Memory;
  #bytes: Uint8Array<ArrayBuffer>;
  #top: number;

  constructor(module: object) {
    const { exports } = new WebAssembly.Instance(module, {});
    this.run = exports;
    this.#memory = exports.memory;
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#top = exports.heapBase();
  }

  /** All of the memory, until the next call of `allocate`. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  /** Returns the address of `length` bytes of any content, a multiple of 16. They are taken back with `reset`. */
  allocate(length: number): number {
    const at = Math.ceil(this.#top / 16) * 16;
    this.#top = at + length + SLACK_BYTES;
    const missing = this.#top - this.#bytes.length;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.#bytes = new Uint8Array(this.#memory.buffer);
    }
    return at;
  }

  /** Copies data in. Returns their address. */
  place(data: ArrayBufferView): number {
    const at = this.allocate(data.byteLength);
    this.#bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    return at;
  }

  /** Takes all memory back. */
  reset(): void {
    this.#top = this.run.heapBase();
  }
}

let program: object | undefined;
let idle: Kernels | undefined;

/**
 * Calls `work` with kernels that are its own until it returns; nothing that it allocates outlives that.
 *
 * @throws what `work` throws, and Node's error when the program is missing: it is made by `npm run build`.
 */
export function withKernels<Result>(work: (kernels: Kernels) => Result): Result {
  program ??= new WebAssembly.Module(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  const kernels = idle ?? new Kernels(program);
  idle = undefined;
  try {
    return work(kernels);
  } finally {
    kernels.reset();
    if (kernels.bytes.length <= KEPT_BYTES) idle = kernels;
  }
}
