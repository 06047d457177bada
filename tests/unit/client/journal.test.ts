import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { Journal, JournalError, type JournalForm } from "../../../src/client/journal.ts";

/** `key ok` or `key failed`. */
const PLAIN: JournalForm = {
  head: "",
  hasQuotes: false,
  isGrouped: false,
  read: (record) => {
    const [, key, state] = /^(\w+) (ok|failed)$/.exec(record) ?? [];
    return key === undefined ? undefined : { key, isDone: state === "ok" };
  },
};
const GROUPED: JournalForm = { ...PLAIN, isGrouped: true };
const QUOTED: JournalForm = {
  head: "key,text\n",
  hasQuotes: true,
  isGrouped: false,
  read: (record) => ({ key: record.slice(0, record.indexOf(",")), isDone: !record.endsWith("!") }),
};

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), "journal-")), "journal");
});

async function doneOf(form: JournalForm): Promise<string[]> {
  const journal = await Journal.open(path, form, true);
  await journal.close();
  return [...journal.done];
}

const text = () => readFileSync(path, "utf8");

describe("Journal", () => {
  test("holds what was appended when it is opened again", async () => {
    const journal = await Journal.open(path, PLAIN, false);
    await journal.append("a ok\n");
    await journal.append("b ok\n");
    await journal.close();
    expect(await doneOf(PLAIN)).toEqual(["a", "b"]);
    expect(text()).toBe("a ok\nb ok\n");
  });

  test("cuts off a record that was left in the middle", async () => {
    writeFileSync(path, "a ok\nb o");
    expect(await doneOf(PLAIN)).toEqual(["a"]);
    expect(text()).toBe("a ok\n");
  });

  test("drops what failed, so that it can be tried again", async () => {
    writeFileSync(path, "a ok\nb failed\nc ok\n");
    expect(await doneOf(PLAIN)).toEqual(["a", "c"]);
    expect(text()).toBe("a ok\nc ok\n");
    expect(existsSync(`${path}.kept`)).toBe(false);
  });

  test("appends behind what it kept", async () => {
    writeFileSync(path, "a ok\nb failed\nc o");
    const journal = await Journal.open(path, PLAIN, true);
    await journal.append("b ok\n");
    await journal.close();
    expect(text()).toBe("a ok\nb ok\n");
  });

  test("takes the last thing for unfinished where a thing has several records", async () => {
    writeFileSync(path, "a ok\nb ok\nb ok\nc ok\nc ok\nc o");
    expect(await doneOf(GROUPED)).toEqual(["a", "b"]);
    expect(text()).toBe("a ok\nb ok\nb ok\n");
  });

  test("refuses to begin in a file that holds something", async () => {
    writeFileSync(path, "a ok\n");
    await expect(Journal.open(path, PLAIN, false)).rejects.toBeInstanceOf(JournalError);
    expect(text()).toBe("a ok\n");
  });

  test("leaves a file alone that is something else", async () => {
    writeFileSync(path, "a ok\nshopping list\nb ok\nmilk");
    await expect(Journal.open(path, PLAIN, true)).rejects.toBeInstanceOf(JournalError);
    expect(text()).toBe("a ok\nshopping list\nb ok\nmilk");
  });

  test("begins where there is nothing to resume, with its head before the first record", async () => {
    expect(await doneOf(QUOTED)).toEqual([]);
    expect(text()).toBe("");
    for (const record of ["a,1\n", "b,2\n"]) {
      const journal = await Journal.open(path, QUOTED, true);
      await journal.append(record);
      await journal.close();
    }
    expect(text()).toBe("key,text\na,1\nb,2\n");
  });

  test("keeps its head, and line breaks between quotes", async () => {
    const whole = 'key,text\na,"one\ntwo"\nb,"say ""\n"" x"\n';
    writeFileSync(path, `${whole}c,no!\nd,"open\nquote\n`);
    expect(await doneOf(QUOTED)).toEqual(["a", "b"]);
    expect(text()).toBe(whole);
  });

  test("refuses a file with another head", async () => {
    writeFileSync(path, "name,text\na,b\n");
    await expect(Journal.open(path, QUOTED, true)).rejects.toBeInstanceOf(JournalError);
  });

  test("finds records that are longer than what is read at once", async () => {
    const long = "x".repeat(200_000);
    writeFileSync(path, `key,text\na,"${long}\n${long}"\nb,${long}\n`);
    appendFileSync(path, "c,");
    expect(await doneOf(QUOTED)).toEqual(["a", "b"]);
  });
});
