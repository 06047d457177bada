import { LosslessNumber } from "lossless-json";
import { excerpt } from "../errors.ts";

/**
 * Returns the beginning of `value` as JSON text, for a message: at most 64 characters. It stops as soon
 * as it has them, so a huge or deep value costs no more than a small one.
 */
export function quoteJson(value: unknown): string {
  return excerpt(write(value, LIMIT));
}

const LIMIT = 70;

/** Every level of nesting writes a character, so the recursion ends at `budget` levels. */
function write(value: unknown, budget: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, LIMIT));
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof LosslessNumber) return value.value.slice(0, LIMIT);
  if (Array.isArray(value)) return writeList(value, budget);
  return writeObject(value, budget);
}

function writeList(list: readonly unknown[], budget: number): string {
  let text = "[";
  for (let i = 0; i < list.length && text.length < budget; i++) {
    if (i > 0) text += ",";
    text += write(list[i], budget - text.length);
  }
  return `${text}]`;
}

function writeObject(object: object, budget: number): string {
  let text = "{";
  for (const name in object) {
    if (text.length >= budget) break;
    if (text !== "{") text += ",";
    text += `${JSON.stringify(name.slice(0, LIMIT))}:`;
    text += write((object as Record<string, unknown>)[name], budget - text.length);
  }
  return `${text}}`;
}

/** Returns the name that TensorFlow Serving gives the type of a JSON value. */
export function jsonTypeName(value: unknown): string {
  if (value === null) return "Null";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "string") return "String";
  if (typeof value === "number" || value instanceof LosslessNumber) return "Number";
  return Array.isArray(value) ? "Array" : "Object";
}
