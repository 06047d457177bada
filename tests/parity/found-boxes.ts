/** An element of the signature `boxes`, as it is rendered. */
export interface FoundBox {
  readonly label: string;
  readonly class: number;
  readonly score: { readonly data: Float32Array };
  readonly box: { readonly data: Float32Array };
}

/** Returns how far the four edges are from where they should be, at most. Units: pixels. */
export function largestOffset({ box }: FoundBox, expected: readonly number[]): number {
  return Math.max(...Array.from(box.data, (edge, i) => Math.abs(edge - (expected[i] ?? Number.NaN))));
}
