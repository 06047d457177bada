/** Returns a number with so many digits behind the point; "n/a" where there is none, as JSON's null for NaN. */
export function fixed(value: number | null | undefined, digits: number): string {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : "n/a";
}
