/** Returns the fields of one line of CSV; a field in quotes may hold commas and doubled quotes. */
export function readCsvLine(line: string): readonly string[] {
  const fields: string[] = [];
  for (const [, quoted, plain] of line.matchAll(/(?<=^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    fields.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
  }
  return fields;
}

/** Returns the fields as one line of CSV, with its end; those that need it in quotes. */
export function writeCsvLine(fields: readonly string[]): string {
  const quote = (field: string) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
  return `${fields.map(quote).join(",")}\n`;
}
