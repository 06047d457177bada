/** Ends the work on all images: the server answered nobody for too long. What has no result can be sent again. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** Ends the work on all images: the server would refuse every one of them, whatever it is. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}
