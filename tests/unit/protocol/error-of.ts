import { ServingError } from "../../../src/errors.ts";

/** Returns what a caller sees of the ServingError that `act` throws. */
export function errorOf(act: () => unknown): { code: string; message: string; instance?: number } {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ServingError)) throw error;
    return seen(error);
  }
  throw new Error("nothing was thrown");
}

export function seen({ code, message, instance }: ServingError) {
  return instance === undefined ? { code, message } : { code, message, instance };
}
