import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { ContainerTests } from "./container-test.ts";
import { postDigit } from "./digits.ts";
import { Container, HARDENED, runOnce, tryDocker } from "./docker.ts";
import { build, CPU_IMAGE, REPOSITORY } from "./images.ts";

const CUSTOM_IMAGE = "onnx-serving-test:custom";

/** Answers with the size of the digit's image, and a word from a file beside it. */
const HANDLER = `
import { word } from "./word.mjs";
export const postprocess = (_, { origin }) => [word, origin.source.height, origin.source.width];
`;

/** Builds with a UTILS_DIR of these files, and returns what the build said and its exit code. */
async function buildWith(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(REPOSITORY, "custom-code-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return await build("cpu", CUSTOM_IMAGE, [`UTILS_DIR=${basename(folder)}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What docs/custom-code.md promises of the build argument UTILS_DIR. */
export const CUSTOM_CODE_TESTS: ContainerTests = {
  "without UTILS_DIR there is nothing in its folder": async () => {
    assert.equal(await runOnce(CPU_IMAGE, "ls -A /models/utils"), "");
    return undefined;
  },

  "an empty UTILS_DIR is none": async () => {
    const { code, stderr } = await build("cpu", CUSTOM_IMAGE, ["UTILS_DIR="]);
    try {
      assert.equal(code, 0, stderr);
      assert.equal(await runOnce(CUSTOM_IMAGE, "ls -A /models/utils"), "");
    } finally {
      await tryDocker("image", "rm", CUSTOM_IMAGE);
    }
    return undefined;
  },

  "the handler of UTILS_DIR answers, under all hardening flags": async () => {
    const { code, stderr } = await buildWith({
      "handler.mjs": HANDLER,
      "word.mjs": `export const word = "size";`,
    });
    assert.equal(code, 0, stderr);
    try {
      await Container.use({ image: CUSTOM_IMAGE, flags: HARDENED }, async (container) => {
        assert.deepEqual(await postDigit(await container.url(), 3), [["size", 64, 64]]);
      });
    } finally {
      await tryDocker("image", "rm", CUSTOM_IMAGE);
    }
    return undefined;
  },

  "a handler with a misspelt hook fails the build, in one line that names the file and the remedy":
    async () => {
      const { code, stdout, stderr } = await buildWith({
        "handler.mjs": "export const postproces = () => 1;",
      });
      if (code === 0) await tryDocker("image", "rm", CUSTOM_IMAGE);
      assert.notEqual(code, 0, "the build passed");
      assert.match(
        stdout + stderr,
        /onnx-serving: \/models\/utils\/handler\.mjs exports "postproces".*rename/,
      );
      return undefined;
    },
};
