import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../docs/make-checkout.ts";
import { pages } from "../../docs/pages.ts";
import { readPage } from "../../docs/read-page.ts";

const PAGES = pages();
const textOf = (page: string) => readFileSync(join(ROOT, page), "utf8");
/** The page without its fenced blocks. */
const proseOf = (page: string) => textOf(page).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(page: string): string[] {
  const titles = [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, title = ""]) => title);
  const seen = new Map<string, number>();
  return titles.map((title) => {
    const words = title.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = words.replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-");
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** Returns what is wrong with a link that stands on a page; undefined when it leads somewhere. */
function faultOf(page: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : relative(ROOT, resolve(ROOT, dirname(page), path));
  if (!existsSync(join(ROOT, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined || statSync(join(ROOT, target)).isDirectory()) return undefined;
  return anchorsOf(target).includes(anchor) ? undefined : `${link}: ${target} has no such heading`;
}

describe("the pages", () => {
  test("are found", () => {
    expect(PAGES).toEqual(expect.arrayContaining(["README.md", "docs/README.md", "docs/errors.md"]));
  });

  test.each(PAGES)("%s says of each block what it is, so that its commands are run", (page) => {
    expect(() => readPage(textOf(page))).not.toThrow();
  });

  test.each(PAGES)("%s has no link to nowhere", (page) => {
    const prose = proseOf(page).replaceAll(/`[^`\n]*`/g, "");
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
    const own = links.filter((link) => !/^(https?|mailto):/.test(link));
    expect(own.flatMap((link) => faultOf(page, link) ?? [])).toEqual([]);
  });

  test("of docs/ are each named by the start page", () => {
    const start = textOf("docs/README.md");
    const own = PAGES.filter(
      (page) => /^docs\/(tutorials\/)?[^/]+\.md$/.test(page) && page !== "docs/README.md",
    );
    expect(own.filter((page) => !start.includes(`](${relative("docs", page)}`))).toEqual([]);
  });
});
