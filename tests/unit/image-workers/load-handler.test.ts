import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { HandlerError } from "../../../src/errors.ts";
import { loadHandler } from "../../../src/image-workers/load-handler.ts";
import { type FolderFiles, temporaryModelFolder } from "../../support/model-folder.ts";

/** Loads a handler of this text, beside these files. */
function load(text: string, files: FolderFiles = {}): Promise<readonly string[]> {
  const folder = temporaryModelFolder({ "handler.mjs": text, ...files });
  return loadHandler(pathToFileURL(join(folder, "handler.mjs")).href);
}

describe("loadHandler", () => {
  test("returns the names of the hooks, in the order in which an image meets them", async () => {
    const text = "export const postprocess = () => 1; export async function decode() {}";
    expect(await load(text)).toEqual(["decode", "postprocess"]);
  });

  test("takes a handler that imports what lies beside it and in its node_modules", async () => {
    const hooks = await load(
      `import { gain } from "./gain.mjs"; import { scale } from "bands"; export const preprocess = () => gain * scale;`,
      {
        "gain.mjs": "export const gain = 2;",
        "node_modules/bands/package.json": { name: "bands", type: "module", exports: "./index.js" },
        "node_modules/bands/index.js": "export const scale = 3;",
      },
    );
    expect(hooks).toEqual(["preprocess"]);
  });

  test.each([
    [
      "an export that is no hook",
      "export const preproces = () => 1;",
      /^exports "preproces", but the hooks are/,
    ],
    ["a default export", "export default { preprocess() {} };", /^exports "default", but the hooks are/],
    [
      "a hook that is no function",
      "export const decode = 1;",
      /^exports decode as number: make it a function$/,
    ],
    ["no hook", "const preprocess = () => 1;", /^exports no hook: export one of/],
    ["an error while it loads", `throw new Error("no weights\\nhere");`, /^can't be imported: no weights; /],
    ["something thrown that is no error", "throw 7;", /^can't be imported: 7; /],
    ["a package that is missing", `import "no-such-package";`, /^can't be imported: .*no-such-package/],
  ])("refuses %s", async (_, text, message) => {
    const refusal = load(text);
    await expect(refusal).rejects.toBeInstanceOf(HandlerError);
    await expect(refusal).rejects.toThrow(message);
  });
});
