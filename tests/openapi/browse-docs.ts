import { existsSync } from "node:fs";
import { chromium, type Page } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Returns why there is no browser to try; undefined where there is one. */
export function missingBrowser(): string | undefined {
  return existsSync(CHROMIUM) ? undefined : `there is no ${CHROMIUM}; CHROMIUM names another`;
}

/**
 * Opens the page of a server in a browser, asks what it shows, and sends a prediction by it.
 *
 * @throws {Error} when it complains, asks another host, or does not show an answer.
 */
export async function browseDocs(url: string): Promise<string> {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const complaints = watch(page, url);
    await page.goto(`${url}/docs`);
    const operation = page.locator(".opblock-post").filter({ hasText: "/analyze:predict" }).first();
    await operation.locator(".opblock-summary").click();
    await operation.getByRole("button", { name: "Try it out" }).click();
    await operation.getByRole("button", { name: "Execute" }).click();
    const answer = operation.locator(".live-responses-table .response-col_description .microlight").first();
    const text = await answer.innerText();
    if (!text.includes("predictions")) throw new Error(`the page shows no answer: ${text.slice(0, 200)}`);
    if (complaints.length > 0) throw new Error(complaints.join("; "));
    return "";
  } finally {
    await browser.close();
  }
}

function watch(page: Page, url: string): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    const isOwn = request.url().startsWith(`${url}/`) || /^(data|blob):/.test(request.url());
    if (!isOwn) complaints.push(`the page asks ${request.url()}`);
  });
  return complaints;
}
