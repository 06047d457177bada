import assert from "node:assert/strict";
import { digitPng } from "../support/digits.ts";
import type { ConsolePage } from "./console-page.ts";
import type { ConsoleTest, ConsoleTests } from "./console-test.ts";
import { withPage } from "./with-page.ts";

/** What the page is for those who don't see it, have no mouse, or a small screen. */
export const ACCESS_TESTS: ConsoleTests = {
  "a reader finds no barrier, light": barrierFree("light"),
  "a reader finds no barrier, dark": barrierFree("dark"),

  "all can be done with the keyboard": (place) =>
    withPage(place, { model: "digits" }, async (opened) => {
      const { page } = opened;
      await page.evaluate("document.activeElement.blur()");
      await page.keyboard.press("Tab");
      assert.equal(await focused(opened), "Skip to the images");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      assert.equal(await focused(opened), "files");
      await page.keyboard.press("Tab");
      assert.equal(await focused(opened), "Sample 0.png");
      await page.keyboard.press("Enter");
      await opened.settled(1);
      assert.match((await page.locator("#summary").textContent()) ?? "", /^0\.png: zero \d/);
      // Past the other samples and "Take all".
      for (let i = 0; i < 11; i++) await page.keyboard.press("Tab");
      assert.equal(await focused(opened), "signature");
      await page.keyboard.press("ArrowUp");
      await page.locator(".bars li:nth-child(10)").waitFor();
      await opened.settled(1);
      for (let i = 0; i < 2; i++) await page.keyboard.press("Tab");
      assert.equal(await focused(opened), "Remove 0.png");
      await page.keyboard.press("Enter");
      assert.equal(await opened.cards.count(), 0);
      assert.equal(await focused(opened), "files");
    }),

  "a small screen needs no scrolling to the side": (place) =>
    withPage(place, { model: "segmentation", viewport: { width: 360, height: 740 } }, async (opened) => {
      await opened.takeAllSamples(5);
      const width = (await opened.page.evaluate("document.documentElement.scrollWidth")) as number;
      assert.ok(width <= 360, `the page is ${width} pixels wide`);
    }),

  "nor does a warning of one long word": (place) =>
    withPage(
      place,
      {
        model: "segmentation",
        viewport: { width: 360, height: 740 },
        before: async (page) => {
          await page.route("**/metadata", async (route) => {
            const body = await (await route.fetch()).text();
            const warnings = `"warnings":["${"Word".repeat(20)}"]`;
            await route.fulfill({ body: body.replace(/"warnings":\[[^\]]*\]/, warnings) });
          });
        },
      },
      async ({ page }) => {
        await page.getByLabel("Warnings").getByText("WordWord").waitFor();
        const width = (await page.evaluate("document.documentElement.scrollWidth")) as number;
        assert.ok(width <= 360, `the page is ${width} pixels wide`);
      },
    ),
};

/** Of a page that shows all that there is: answers, a failure, a legend, a card. */
function barrierFree(colorScheme: "light" | "dark"): ConsoleTest {
  return (place) =>
    withPage(place, { model: "digits", colorScheme }, async (opened) => {
      await opened.addFiles({ "3.png": digitPng(3), "page.png": Buffer.from("<html></html>") });
      await opened.settled(1, 1);
      assert.deepEqual(await opened.barriers(), []);
      for (const model of ["segmentation", "detection", "multi-label"]) {
        await opened.page.getByRole("button", { name: "Clear" }).click();
        await opened.chooseModel(model);
        await opened.takeAllSamples(5);
        assert.deepEqual(await opened.barriers(), [], model);
      }
    });
}

/** Returns what a person would know the focused element by. */
async function focused({ page }: ConsolePage): Promise<string> {
  return (await page.evaluate(
    "(document.activeElement.getAttribute('aria-label') ?? document.activeElement.id) || document.activeElement.textContent",
  )) as string;
}
