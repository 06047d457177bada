/** Longest time for one image. */
export const IMAGE_MS = 5000;
