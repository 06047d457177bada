import assert from "node:assert/strict";
import type { Page } from "playwright-core";
import { digitPng } from "../support/digits.ts";
import type { ConsoleTests } from "./console-test.ts";
import { withPage } from "./with-page.ts";

/** What the page says while a server is not there, or not ready, or full. */
export const STATE_TESTS: ConsoleTests = {
  "waits for a server that loads, and goes on by itself": async (place) => {
    let isLoading = true;
    return await withPage(
      place,
      {
        before: async (page) => {
          await page.route("**/metrics", async (route) => {
            const answer = await route.fetch();
            const text = await answer.text();
            await route.fulfill({
              body: isLoading ? text.replaceAll("serving_ready 1", "serving_ready 0") : text,
            });
          });
          await page.route("**/console/state", (route) =>
            isLoading ? route.fulfill({ json: { state: "LOADING" } }) : route.continue(),
          );
        },
      },
      async (opened) => {
        await opened.page.getByText("Loading the model").waitFor();
        assert.equal(await opened.page.locator("#picture-source").isVisible(), false);
        isLoading = false;
        await opened.ready();
        await opened.page.getByText("Ready", { exact: true }).waitFor();
      },
    );
  },

  "says that the server is gone, and in its place which image has no answer": async (place) => {
    const server = await place.servers.digits();
    return await withPage(place, { url: server.url, mayComplain: true }, async (opened) => {
      const { page } = await opened.ready();
      server.kill();
      await page.getByText("No answer from the server").waitFor();
      await opened.addFiles({ "3.png": digitPng(3) });
      await opened.settled(0, 1);
      await page.getByText("NO_ANSWER The server does not answer.").waitFor();
    });
  },

  "comes again when a full server said, and tells so": (place) =>
    withPage(place, { model: "digits", mayComplain: true }, async (opened) => {
      const { page } = opened;
      await refuseOnce(page);
      await opened.addFiles({ "3.png": digitPng(3) });
      await page.getByText("The server is full; again in 1 s").waitFor();
      await opened.settled(1);
    }),

  "tells of an image that is larger than the server takes, without sending it": async (place) => {
    const server = await place.servers.digits(["--max-body-bytes=2000"]);
    return await withPage(place, { url: server.url }, async (opened) => {
      await opened.ready();
      await opened.addFiles({ "3.png": digitPng(3), "7.png": digitPng(1) });
      await opened.settled(1, 1);
      assert.match(
        (await opened.page.locator(".fault").textContent()) ?? "",
        /^BODY_TOO_LARGE .*MAX_BODY_BYTES/,
      );
    });
  },

  "draws what the server does, and looks away when nobody looks": (place) =>
    withPage(place, { before: (page) => page.clock.install() }, async (opened) => {
      const { page } = opened;
      let looks = 0;
      page.on("request", (request) => {
        if (request.url().endsWith("/metrics")) looks += 1;
      });
      // A look ends before the clock goes on to the next.
      const goOn = async (times: number) => {
        for (let i = 0; i < times; i++) {
          await page.clock.runFor(2000);
          await page.evaluate("fetch('livez')");
        }
      };
      await goOn(1);
      await opened.ready();
      await opened.chooseModel("digits");
      await opened.takeAllSamples(10);
      await goOn(3);
      assert.ok(looks >= 3, `${looks} looks`);
      assert.match(
        (await page.getByRole("img", { name: /^Throughput: / }).getAttribute("aria-label")) ?? "",
        /instances\/s/,
      );
      await hide(page, true);
      await goOn(1);
      const before = looks;
      await goOn(10);
      assert.equal(looks, before);
      await hide(page, false);
      await goOn(3);
      assert.ok(looks > before);
    }),
};

/** The next prediction gets what a full server answers. */
async function refuseOnce(page: Page): Promise<void> {
  await page.route(
    "**/*:predict",
    (route) =>
      route.fulfill({
        status: 503,
        headers: { "Retry-After": "1" },
        json: { error: "the queue is full", code: "QUEUE_FULL" },
      }),
    { times: 1 },
  );
}

/** Chromium without a window never hides a page by itself. */
async function hide(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(
    `(() => {
      Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    })()`,
  );
}
