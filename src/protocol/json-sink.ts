const FIRST_CHUNK_BYTES = 16_384;
const CHUNK_BYTES = 262_144;
/** How long one slice may hold the event loop. */
const SLICE_MS = 5;
/** The clock is read once in so many elements; 4,096 float32 take about half a millisecond. */
const ELEMENTS_PER_CLOCK = 4_096;

/** A written answer. */
export interface WrittenJson {
  /** UTF-8, in order; each owns its memory. One chunk, unless the text is long. */
  readonly chunks: readonly Uint8Array[];
  /** Of all chunks together: the Content-Length. */
  readonly byteLength: number;
  /** How many numbers were NaN or infinite, and written as `null`. */
  readonly nonFinite: number;
}

/** Collects the bytes of one answer, from the first element to {@link JsonSink.finish}. */
export class JsonSink {
  nonFinite = 0;
  /** The chunk being filled: write behind {@link JsonSink.reserve}, then set `length`. */
  bytes: Buffer<ArrayBuffer> = Buffer.allocUnsafeSlow(FIRST_CHUNK_BYTES);
  length = 0;
  readonly #chunks: Uint8Array[] = [];
  #elements = 0;
  #sliceStart = performance.now();

  /** Ensures that `bytes` has room for `count` more bytes past `length`. */
  reserve(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    this.#closeChunk();
    this.bytes = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, count));
  }

  /** Appends `text`. */
  text(text: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit; a long text is measured first.
    this.reserve(text.length < 1_024 ? text.length * 3 : Buffer.byteLength(text));
    if (text.length > 16) this.length += this.bytes.write(text, this.length);
    else this.#short(text);
    this.#elements += text.length >>> 6;
  }

  /** A call into native code costs more than a few characters. */
  #short(text: string): void {
    const start = this.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.length = start + this.bytes.write(text, start);
        return;
      }
      this.bytes[start + i] = code;
    }
    this.length = start + text.length;
  }

  /** Counts `elements` as written and tells whether the slice is used up. */
  isDue(elements: number): boolean {
    this.#elements += elements;
    if (this.#elements < ELEMENTS_PER_CLOCK) return false;
    this.#elements = 0;
    return performance.now() - this.#sliceStart >= SLICE_MS;
  }

  startSlice(): void {
    this.#sliceStart = performance.now();
  }

  finish(): WrittenJson {
    this.#closeChunk();
    let byteLength = 0;
    for (const chunk of this.#chunks) byteLength += chunk.length;
    return { chunks: this.#chunks, byteLength, nonFinite: this.nonFinite };
  }

  #closeChunk(): void {
    if (this.length > 0) this.#chunks.push(this.bytes.subarray(0, this.length));
    this.length = 0;
  }
}
