/** Says on standard error what is going on, with the time since the start. */
export function progress(text: string): void {
  const seconds = performance.now() / 1000;
  process.stderr.write(`${seconds.toFixed(1).padStart(6)} s  ${text}\n`);
}
