import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { tenDigits } from "../support/digits.ts";
import { ConsolePage } from "./console-page.ts";
import type { TestPlace } from "./console-test.ts";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));

/** Enough for text, and small. */
const COLORS = 96;

interface Shot {
  readonly model: string;
  readonly colorScheme: "light" | "dark";
  readonly samples: number;
  readonly width: number;
  readonly height: number;
}

const SHOTS: Readonly<Record<string, Shot>> = {
  digits: { model: "digits", colorScheme: "light", samples: 10, width: 1280, height: 860 },
  segmentation: { model: "segmentation", colorScheme: "dark", samples: 5, width: 1280, height: 980 },
  detection: { model: "detection", colorScheme: "light", samples: 5, width: 1280, height: 980 },
  "multi-label": { model: "multi-label", colorScheme: "dark", samples: 5, width: 1280, height: 980 },
};

/** Takes the pictures of the documentation. */
export async function takePictures({ browser, servers, patience }: TestPlace): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const { url } = await servers.several();
  for (const [name, { model, colorScheme, samples, ...viewport }] of Object.entries(SHOTS)) {
    const before = (page: ConsolePage["page"]) => page.clock.install();
    const opened = await ConsolePage.open(browser, url, { colorScheme, viewport, before, patience });
    try {
      await opened.page.clock.runFor(2000);
      await opened.ready();
      await opened.chooseModel(model);
      await showTraffic(opened, `${url}/v1/models/${model}:predict`);
      await opened.takeAllSamples(samples);
      await opened.page.evaluate("document.activeElement.blur()");
      await opened.page.mouse.move(0, 0);
      const shot = await opened.page.screenshot();
      await sharp(shot)
        .png({ palette: true, colours: COLORS, effort: 10 })
        .toFile(`${FOLDER}console-${name}.png`);
    } finally {
      await opened.close();
    }
  }
}

/** Other clients, more and fewer, over the time that the charts show. */
async function showTraffic({ page }: ConsolePage, predictUrl: string): Promise<void> {
  const digits = tenDigits();
  for (let look = 0; look < 60; look++) {
    const clients = Math.round(3 + 2.5 * Math.sin(look / 6) + (look % 3) / 2);
    const bodies = Array.from({ length: clients }, (_, i) => digits.slice(0, 1 + ((i + look) % 4)));
    await Promise.all(
      bodies.map((instances) => fetch(predictUrl, { method: "POST", body: JSON.stringify({ instances }) })),
    );
    await page.clock.runFor(2000);
    await page.evaluate("fetch('livez')");
  }
}
