import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const samples = fileURLToPath(new URL("../../model_dir/samples/", import.meta.url));
const DIGITS = Array.from({ length: 10 }, (_, digit) => readFileSync(`${samples}${digit}.png`));
const PAGE = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>";

/** What happens to a tile here: an image, an error page with status 200 or 500, or the like of it the first time only. */
export type Fate = "image" | "page" | "broken" | "broken once" | "cut off once";

/** Returns the digit that the image of a tile shows. */
export function digitOf(x: number, y: number): number {
  return (3 * x + 7 * y) % 10;
}

/** Returns what happens to a tile: one of 100 is an error page for good, some have trouble once. */
export function fateOf(x: number, y: number): Fate {
  // Mixed as hashes are, so that neighbours have nothing in common.
  let mixed = Math.imul(x, 73_856_093) ^ Math.imul(y, 19_349_663);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  const chance = ((mixed ^ (mixed >>> 12)) >>> 0) % 1000;
  if (chance < 5) return "page";
  if (chance < 10) return "broken";
  if (chance < 25) return "broken once";
  return chance < 30 ? "cut off once" : "image";
}

/** An XYZ host of digits, at `/z/x/y.png`, with the faults that such hosts have. */
export class TileHost {
  readonly #server: Server;
  readonly #asked = new Map<string, number>();
  /** From now on every tile is an image. */
  isHealed = false;
  /** How long it takes over each answer. */
  delayMs = 0;

  private constructor() {
    this.#server = createServer(({ url = "" }, response) => this.#answer(url, response));
    // A connection that is closed while a request is on its way would be one more fault than is counted.
    this.#server.keepAliveTimeout = 0;
  }

  static async start(): Promise<TileHost> {
    const host = new TileHost();
    host.#server.listen(0, "127.0.0.1");
    await once(host.#server, "listening");
    return host;
  }

  get template(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/{z}/{x}/{y}.png`;
  }

  /** How often a tile was asked for. */
  timesAsked(x: number, y: number, z: number): number {
    return this.#asked.get(`/${z}/${x}/${y}.png`) ?? 0;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(url: string, response: ServerResponse): void {
    const [, x = 0, y = 0] = (/^\/\d+\/(\d+)\/(\d+)\.png$/.exec(url) ?? []).map(Number);
    const times = (this.#asked.get(url) ?? 0) + 1;
    this.#asked.set(url, times);
    if (this.delayMs === 0) this.#send(x, y, times, response);
    else setTimeout(() => this.#send(x, y, times, response), this.delayMs);
  }

  #send(x: number, y: number, times: number, response: ServerResponse): void {
    const image = DIGITS[digitOf(x, y)] as Buffer;
    const fate = this.isHealed ? "image" : fateOf(x, y);
    if (fate === "page") response.writeHead(200, { "Content-Type": "image/png" }).end(PAGE);
    else if (fate === "broken" || (fate === "broken once" && times === 1)) response.writeHead(500).end(PAGE);
    else if (fate === "cut off once" && times === 1) {
      response.writeHead(200, { "Content-Length": image.length });
      response.write(image.subarray(0, image.length / 2), () => response.destroy());
    } else response.writeHead(200, { "Content-Type": "image/png" }).end(image);
  }
}
