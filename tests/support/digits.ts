import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DIGITS_DIR } from "./start-server.ts";

/** Labels of the digits, by class. */
export const DIGIT_NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/** The PNG file of a held-out digit. */
export function digitPng(digit: number): Buffer {
  return readFileSync(join(DIGITS_DIR, "samples", `${digit}.png`));
}

/** An instance as chip-n-scale sends it. */
export function imageInstance(bytes: Buffer): { image_bytes: { b64: string } } {
  return { image_bytes: { b64: bytes.toString("base64") } };
}

/** The instances of the ten held-out digits, in order. */
export function tenDigits(): { image_bytes: { b64: string } }[] {
  return DIGIT_NAMES.map((_, digit) => imageInstance(digitPng(digit)));
}
