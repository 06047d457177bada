/** An image that is read when its turn comes, so that a long list of them takes no memory. */
export interface ImageSource {
  /** What its result is called by. */
  readonly name: string;
  /** Of the encoded image; 0 where it is not known. */
  readonly byteLength: number;
  /** @throws {ImageError} why it can't be read; then the image fails alone. */
  readonly read: () => Promise<Uint8Array>;
}

/** An image on its way. */
export interface NamedImage {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Why one image has no prediction. */
export interface ImageFailure {
  /** One of the server's, or of this client's own: UNREADABLE, FILE_TOO_LARGE, UNREACHABLE, BAD_ANSWER. */
  readonly code: string;
  readonly message: string;
}

/** What became of one image. */
export type ImageOutcome =
  /** `prediction` is JSON, exactly as the server wrote it. */
  | { readonly name: string; readonly prediction: string }
  | { readonly name: string; readonly error: ImageFailure };

/** What is wrong with one image alone. */
export class ImageError extends Error implements ImageFailure {
  override readonly name = "ImageError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
