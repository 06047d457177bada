/** The values of one feature, as `tf.train.Feature` has them: all of one kind. */
export type Feature =
  | { readonly kind: "bytes"; readonly values: readonly Uint8Array[] }
  | { readonly kind: "float"; readonly values: ArrayLike<number> }
  | { readonly kind: "int64"; readonly values: ArrayLike<bigint> };

/** Features by name, as `tf.train.Example` has them. One without values is left out. */
export type Example = ReadonlyMap<string, Feature>;

/** What a Classify or Regress request brings: examples, each of which stands for an instance. */
export interface ExampleList {
  /** In the order of the request; an error in the place of one that could not be read. */
  readonly examples: readonly (Example | Error)[];
  /** Features that every example has, unless it has its own of that name. */
  readonly context?: Example;
}
