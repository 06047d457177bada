/**
 * Returns a Markdown text with new contents between its markers: `<!-- figures:NAME -->` and `<!-- /figures:NAME -->`,
 * each in a line of its own. All else stays as it is.
 *
 * @throws {Error} when a pair of markers is missing.
 */
export function fillMarkers(text: string, contents: Readonly<Record<string, string>>): string {
  return Object.entries(contents).reduce((filled, [name, content]) => {
    const [begin, end] = [`<!-- figures:${name} -->\n`, `<!-- /figures:${name} -->\n`];
    const [from, to] = [filled.indexOf(begin), filled.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`expected the lines ${begin.trim()} and ${end.trim()}`);
    return `${filled.slice(0, from + begin.length)}\n${content}\n\n${filled.slice(to)}`;
  }, text);
}
