/** Returns JSON without line breaks: TensorFlow Serving indents its answers. One in JSON is never part of a string. */
export function onOneLine(json: string): string {
  return json.includes("\n") ? json.replace(/[\r\n]+\s*/g, "") : json;
}
