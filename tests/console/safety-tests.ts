import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { digitPng } from "../support/digits.ts";
import { DIGITS_DIR } from "../support/start-server.ts";
import type { ConsoleTests } from "./console-test.ts";
import { withPage } from "./with-page.ts";

const HOSTILE = `"><img src=x onerror="window.taken = true"><script>window.taken = true</script>`;

/** What must not happen. */
export const SAFETY_TESTS: ConsoleTests = {
  "labels, file names and errors stay text": async (place) => {
    const { id2label, ...config } = JSON.parse(readFileSync(join(DIGITS_DIR, "config.json"), "utf8"));
    const labels = Object.fromEntries(Object.keys(id2label).map((index) => [index, `${index}${HOSTILE}`]));
    const samples = readdirSync(join(DIGITS_DIR, "samples")).filter((name) => name.endsWith(".png"));
    const server = await place.servers.of({
      "model.onnx": readFileSync(join(DIGITS_DIR, "model.onnx")),
      "preprocessor_config.json": readFileSync(join(DIGITS_DIR, "preprocessor_config.json")),
      "config.json": { ...config, id2label: labels },
      ...Object.fromEntries(samples.map((name) => [`samples/${name}`, digitPng(Number(name[0]))])),
      "samples/<img src=x onerror='window[`taken`]=1'>.png": digitPng(1),
    });
    return await withPage(place, { url: server.url }, async (opened) => {
      const { page } = await opened.ready();
      await opened.addFiles({
        [`${HOSTILE}.png`]: digitPng(7),
        [`${HOSTILE}.html.png`]: Buffer.from(HOSTILE),
      });
      await opened.settled(1, 1);
      await page.getByRole("button", { name: "Take all" }).click();
      await opened.settled(12, 1);
      const [name] = await page.locator(".bars li:first-child .name").allTextContents();
      assert.equal(name, `7${HOSTILE}`);
      assert.equal(await page.evaluate("window.taken"), undefined);
      assert.equal(await page.locator("body script, body img[src=x]").count(), 0);
    });
  },

  "the page's policy lets no script in that the server did not send": (place) =>
    withPage(place, { mayComplain: true }, async (opened) => {
      const { page } = await opened.ready();
      for (const attempt of [
        'document.body.innerHTML = "<b>x</b>"',
        'document.body.setAttribute("onclick", "window.taken = true")',
        'document.createElement("script").text = "window.taken = true"',
      ]) {
        await assert.rejects(page.evaluate(attempt), /Trusted/, attempt);
      }
      await page.evaluate(
        'document.body.append(Object.assign(new Image(), { src: "http://127.0.0.1:9/x.png" }))',
      );
      assert.equal(await page.evaluate("window.taken"), undefined);
      assert.ok(
        opened.faults.some((fault) => /Content Security Policy/.test(fault)),
        opened.faults.join(),
      );
    }),
};
