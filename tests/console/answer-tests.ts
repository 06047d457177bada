import assert from "node:assert/strict";
import { DIGIT_NAMES, digitPng } from "../support/digits.ts";
import { readSample, samplesOf } from "../support/examples.ts";
import type { ConsoleTests } from "./console-test.ts";
import { withPage } from "./with-page.ts";

/** Of a copy: a canvas that is read again and again complains. */
const COUNT_PAINTED = `(() => {
  const mask = document.querySelector("canvas.mask");
  const { width, height } = mask;
  const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  copy.drawImage(mask, 0, 0);
  return copy.getImageData(0, 0, width, height).data.filter((value, i) => i % 4 === 3 && value > 0).length;
})()`;

/** What people see of each kind of model. */
export const ANSWER_TESTS: ConsoleTests = {
  "a classification is bars, the best first": (place) =>
    withPage(place, { model: "digits" }, async (opened) => {
      await opened.takeAllSamples(10);
      const best = await opened.page.locator(".bars li:first-child .name").allTextContents();
      assert.deepEqual(best, DIGIT_NAMES);
      assert.equal(await opened.cards.first().locator(".bars li").count(), 5);
      await opened.page.getByLabel("Classes").fill("3");
      await opened.page.getByLabel("Classes").press("Enter");
      await opened.page.locator(".card:last-child .bars:not(:has(li:nth-child(4)))").waitFor();
      await opened.settled(10);
    }),

  "a segmentation lies over the image, with a legend": (place) =>
    withPage(place, { model: "segmentation" }, async (opened) => {
      const { page } = opened;
      await page.getByRole("button", { name: "Sample 4.jpg" }).click();
      await opened.settled(1);
      const canvas = page.locator("canvas.mask");
      const painted = () => page.evaluate(COUNT_PAINTED) as Promise<number>;
      assert.deepEqual(
        [await canvas.getAttribute("width"), await canvas.getAttribute("height")],
        ["200", "150"],
      );
      const ink = await painted();
      assert.ok(ink > 300 && ink < 10_000, `${ink} pixels are painted`);
      const shown = await page.locator(".shares .name").allTextContents();
      assert.ok(shown.includes("two") && shown.includes("eight"), shown.join());
      // The ground is clear until it is asked for.
      assert.equal(await page.getByLabel("background").isChecked(), false);
      await page.getByLabel("two").uncheck();
      assert.ok((await painted()) < ink);
      await page.getByLabel("background").check();
      assert.ok((await painted()) > 10_000);
      await page.getByLabel("Opacity").fill("20");
      assert.equal(
        await page.evaluate("getComputedStyle(document.querySelector('canvas.mask')).opacity"),
        "0.2",
      );
      for (const signature of ["mask", "base64_prediction", "mask_png"]) {
        const before = await painted();
        await page.getByLabel("Signature").selectOption(signature);
        await opened.settled(1);
        assert.equal(await painted(), before, signature);
      }
    }),

  "a detection's boxes lie where things are, and follow the threshold": (place) =>
    withPage(place, { model: "detection" }, async (opened) => {
      const { page } = opened;
      await page.getByRole("button", { name: "Sample 5.jpg" }).click();
      await opened.settled(1);
      const [expected] = samplesOf<{ answer: { label: string; box: number[] }[] }>("detection").filter(
        ({ file }) => file === "5.jpg",
      );
      assert.equal(await page.locator(".box").count(), expected?.answer.length);
      const frame = await page.locator(".frame").boundingBox();
      for (const { label, box } of expected?.answer ?? []) {
        const drawn = await page.locator(".box", { hasText: label }).all();
        const places = await Promise.all(drawn.map((one) => one.boundingBox()));
        const scale = (frame?.width ?? 0) / (expected?.width ?? 1);
        const isThere = places.some((at) => {
          const left = (at?.x ?? 0) - (frame?.x ?? 0);
          const top = (at?.y ?? 0) - (frame?.y ?? 0);
          return Math.abs(left - (box[0] ?? 0) * scale) < 2 && Math.abs(top - (box[1] ?? 0) * scale) < 2;
        });
        assert.ok(isThere, `${label} is not at ${box}`);
      }
      await page.getByLabel("Threshold").fill("0.99");
      await page.getByText("Nothing at or above the threshold.").waitFor();
      assert.equal(await page.locator(".box").count(), 0);
      assert.match(await page.locator("#curl-text").inputValue(), /"score_threshold":0\.99/);
      await page.getByLabel("Threshold").fill("0.05");
      assert.ok((await page.locator(".box").count()) > (expected?.answer.length ?? 0));
    }),

  "many labels are bars against a threshold": (place) =>
    withPage(place, { model: "multi-label" }, async (opened) => {
      const { page } = opened;
      await page.getByRole("button", { name: "Sample 1.jpg" }).click();
      await opened.settled(1);
      const chosen = () => page.locator(".bars li[data-chosen] .name").allTextContents();
      assert.deepEqual(await chosen(), ["two", "seven"]);
      await page.getByLabel("Threshold").fill("0.92");
      assert.deepEqual(await chosen(), ["two"]);
      await page.getByLabel("Signature").selectOption("label");
      await page.locator(".values li").waitFor();
      assert.deepEqual(await page.locator(".values li").allTextContents(), ["two"]);
    }),

  "several images fail or succeed each in its place": (place) =>
    withPage(place, { model: "digits" }, async (opened) => {
      const { page } = opened;
      const html = Buffer.from("<!doctype html><html><body>404</body></html>");
      await opened.addFiles({
        "3.png": digitPng(3),
        "tile.png": html,
        "empty.png": Buffer.alloc(0),
        "7.png": digitPng(7),
      });
      await opened.settled(2, 2);
      assert.deepEqual(await page.locator(".card .bars li:first-child .name").allTextContents(), [
        "three",
        "seven",
      ]);
      const [first = ""] = await page.locator(".fault").allTextContents();
      assert.match(first, /^INVALID_IMAGE expected an image, got an HTML page/);
      assert.match((await page.locator("#summary").textContent()) ?? "", /2 of 4 images answered, 2 failed/);
    }),

  "an image that was turned by EXIF is drawn as the server reads it": (place) =>
    withPage(place, { model: "detection" }, async (opened) => {
      const turned = await turn(readSample("detection", "5.jpg"));
      await opened.addFiles({ "turned.jpg": turned });
      await opened.settled(1);
      const frame = await opened.page.locator(".frame").boundingBox();
      const ratio = (frame?.width ?? 0) / (frame?.height ?? 1);
      assert.ok(Math.abs(ratio - 640 / 416) < 0.01, `width / height is ${ratio}`);
      assert.equal(await opened.page.locator(".box").count(), 3);
    }),
};

/** Returns a JPEG with the mark of a camera that was held upright. Its pixels stay as they are. */
async function turn(jpeg: Buffer): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  return await sharp(jpeg).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer();
}
