import axe from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from "playwright-core";

/** For anything that the page is to show. */
const PATIENCE_MS = 20_000;

export interface OpenOptions
  extends Pick<BrowserContextOptions, "colorScheme" | "viewport" | "deviceScaleFactor"> {
  /** Of the whole run. */
  readonly patience: number;
  /** Called before the page is asked for. */
  readonly before?: (page: Page) => Promise<void>;
}

/** The console in a window of its own, which notes what a browser would complain of. */
export class ConsolePage {
  readonly page: Page;
  /** Errors and warnings of the page, and requests to elsewhere. */
  readonly faults: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page, url: string) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.faults.push(message.text());
    });
    page.on("pageerror", (error) => this.faults.push(String(error.stack)));
    context.on("request", (request) => {
      const address = request.url();
      if (!address.startsWith(`${url}/`) && !address.startsWith("blob:")) this.faults.push(`asks ${address}`);
    });
  }

  static async open(browser: Browser, url: string, options: OpenOptions): Promise<ConsolePage> {
    const { before, patience, ...more } = options;
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: "reduce",
      ...more,
    });
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    context.setDefaultTimeout(PATIENCE_MS * patience);
    const page = await context.newPage();
    const opened = new ConsolePage(context, page, url);
    await before?.(page);
    await page.goto(`${url}/`);
    return opened;
  }

  get cards(): Locator {
    return this.page.locator(".card");
  }

  /** Resolves when the page shows a model. */
  async ready(): Promise<this> {
    await this.page.locator("#card").waitFor();
    return this;
  }

  async chooseModel(name: string): Promise<void> {
    await this.page.getByLabel("Model", { exact: true }).selectOption(name);
    await this.page.locator(`#sample-list img[src*="/${name}/"]`).first().waitFor();
  }

  /** Resolves when so many images have their answers and so many failed. */
  async settled(answered: number, failed = 0): Promise<void> {
    const count = (state: string) => this.page.locator(`.card[data-state="${state}"]`);
    await expectCount(count("failed"), failed);
    await expectCount(count("answered"), answered);
  }

  async takeAllSamples(count: number): Promise<void> {
    await this.page.getByRole("button", { name: "Take all" }).click();
    await this.settled(count);
  }

  async addFiles(files: Readonly<Record<string, Buffer>>): Promise<void> {
    const list = Object.entries(files).map(([name, buffer]) => ({ name, buffer, mimeType: "" }));
    await this.page.locator("#files").setInputFiles(list);
  }

  /** Returns what an automatic reader finds wrong for people with disabilities. */
  async barriers(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const found = (await this.page.evaluate("axe.run(document)")) as {
      violations: { id: string; nodes: { target: string[]; failureSummary: string }[] }[];
    };
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} at ${target.join(" ")}: ${failureSummary}`),
    );
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

async function expectCount(locator: Locator, count: number): Promise<void> {
  if (count > 0) await locator.nth(count - 1).waitFor();
  const found = await locator.count();
  if (found !== count) throw new Error(`expected ${count} of ${locator}, found ${found}`);
}
