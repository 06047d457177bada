import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digitPng } from "../support/digits.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import type { ConsolePage } from "./console-page.ts";
import type { ConsoleTests } from "./console-test.ts";
import { withPage } from "./with-page.ts";

/** Where images come from, and the command that asks the same. */
export const SOURCE_TESTS: ConsoleTests = {
  "images are dropped and pasted": (place) =>
    withPage(place, { model: "digits" }, async (opened) => {
      await give(opened, "drop", "dropped.png", digitPng(4));
      await opened.settled(1);
      await give(opened, "paste", "pasted.png", digitPng(5));
      await opened.settled(2);
      assert.deepEqual(await opened.page.locator(".bars li:first-child .name").allTextContents(), [
        "four",
        "five",
      ]);
      assert.match((await opened.page.locator("#curl-hint").textContent()) ?? "", /Save pasted images/);
    }),

  "the curl command answers what is on the screen": (place) =>
    withPage(place, { model: "digits" }, async (opened) => {
      const { page } = opened;
      await page.getByRole("button", { name: "Sample 2.png" }).click();
      await page.getByRole("button", { name: "Sample 9.png" }).click();
      const files = { "it's 3.png": digitPng(3), "8.png": digitPng(8) };
      await opened.addFiles(files);
      await opened.settled(4);
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      const copied = (await page.evaluate("navigator.clipboard.readText()")) as string;
      assert.equal(copied, await page.locator("#curl-text").inputValue());
      const labels = answersOf(copied, files).map((top) => (top as { label: string }[])[0]?.label);
      assert.deepEqual(labels, ["three", "eight", "two", "nine"]);
    }),

  "the curl command of a mask and of boxes answers as well": async (place) => {
    await withPage(place, { model: "segmentation" }, async (opened) => {
      await opened.page.getByRole("button", { name: "Sample 1.jpg" }).click();
      await opened.settled(1);
      const [mask] = answersOf(await opened.page.locator("#curl-text").inputValue());
      assert.match((mask as { b64: string }).b64, /^iVBORw0KGgo/);
    });
    await withPage(place, { model: "detection" }, async (opened) => {
      await opened.page.getByRole("button", { name: "Sample 5.jpg" }).click();
      await opened.settled(1);
      await opened.page.getByLabel("Threshold").fill("0.7");
      const [boxes] = answersOf(await opened.page.locator("#curl-text").inputValue());
      assert.equal((boxes as unknown[]).length, await opened.page.locator(".box").count());
    });
    return undefined;
  },

  "another model and another version are chosen": (place) =>
    withPage(place, {}, async (opened) => {
      const { page } = await opened.ready();
      const options = page.getByLabel("Model", { exact: true }).locator("option");
      assert.deepEqual(await options.allTextContents(), [
        "detection",
        "digits",
        "multi-label",
        "segmentation",
      ]);
      assert.equal(await page.getByLabel("Version").isVisible(), false);
      await page.getByRole("button", { name: "Sample 1.jpg" }).click();
      await opened.settled(1);
      // The version folders are served by the highest alone, which is 2.
      const versions = ["3", "2"].map((version) => ({ version, state: "AVAILABLE" }));
      await page.route("**/v1/models/digits", (route) =>
        route.fulfill({ json: { model_version_status: versions } }),
      );
      await opened.chooseModel("digits");
      // What is on the page is asked of the new model.
      await page.locator(".bars").waitFor();
      await page.getByLabel("Version").selectOption("2");
      await until(async () =>
        /digits\/versions\/2:predict/.test(await page.locator("#curl-text").inputValue()),
      );
      await opened.settled(1);
      assert.match((await page.locator("#card").textContent()) ?? "", /Golden pairpassed/);
    }),

  "a model of tensors takes a typed request": async (place) => {
    const server = await place.servers.of({ "model.onnx": halfPlusTwo() });
    return await withPage(place, { url: server.url }, async (opened) => {
      const { page } = await opened.ready();
      assert.equal(await page.locator("#picture-source").isVisible(), false);
      await page.getByRole("button", { name: "Send" }).click();
      const answer = page.getByLabel("Answer");
      await until(async () => (await answer.inputValue()).includes('"predictions": [2]'));
      await page.locator("#tensor-body").fill('{"instances": [1.0, 5.0]}');
      await page.getByRole("button", { name: "Send" }).click();
      await until(async () => (await answer.inputValue()).includes('"predictions": [2.5, 4.5]'));
    });
  },
};

/** Resolves when it is so. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  const signal = AbortSignal.timeout(120_000);
  while (!(await isSo())) signal.throwIfAborted();
}

/** Runs a command as it is pasted into a shell, in a folder of these files, and returns the predictions of its answers. */
function answersOf(command: string, files: Readonly<Record<string, Buffer>> = {}): unknown[] {
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-pasted-"));
  try {
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
    const output = execFileSync("sh", [], { input: command, cwd: folder, encoding: "utf8" });
    const lines = output.split("\n").filter((line) => line !== "");
    return lines.map((line) => (JSON.parse(line) as { predictions: unknown[] }).predictions[0]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Lets the page find a file in what the browser hands to it. */
async function give(
  { page }: ConsolePage,
  kind: "drop" | "paste",
  name: string,
  bytes: Buffer,
): Promise<void> {
  const given = JSON.stringify({ kind, name, bytes: [...bytes] });
  await page.evaluate(
    `(({ kind, name, bytes }) => {
      const held = new DataTransfer();
      held.items.add(new File([Uint8Array.from(bytes)], name, { type: "image/png" }));
      const event = kind === "drop"
        ? new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true })
        : new ClipboardEvent("paste", { clipboardData: held, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
      if (!event.defaultPrevented) throw new Error("the page left " + kind + " to the browser");
    })(${given})`,
  );
}
