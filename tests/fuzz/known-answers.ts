import type { WireClient } from "./wire-client.ts";
import type { WireRequest } from "./wire-request.ts";

/** Good requests, and what they were answered when the server was fresh. */
export class KnownAnswers {
  readonly #requests: readonly WireRequest[];
  readonly #texts: readonly string[];
  #next = 0;

  private constructor(requests: readonly WireRequest[], texts: readonly string[]) {
    this.#requests = requests;
    this.#texts = texts;
  }

  /** Asks for the answers. @throws {Error} when one is not 200. */
  static async ask(client: WireClient, requests: readonly WireRequest[]): Promise<KnownAnswers> {
    const texts: string[] = [];
    for (const request of requests) texts.push(await goodText(client, request));
    return new KnownAnswers(requests, texts);
  }

  /** Asks for one of them again, in turn. @throws {Error} when it is not the same to the last byte. */
  async check(client: WireClient): Promise<void> {
    const index = this.#next;
    this.#next = (index + 1) % this.#requests.length;
    const text = await goodText(client, this.#requests[index] as WireRequest);
    const expected = this.#texts[index];
    if (text !== expected)
      throw new Error(`known request ${index} is answered ${text}; before it was ${expected}`);
  }
}

async function goodText(client: WireClient, request: WireRequest): Promise<string> {
  const { answers } = await client.send(request);
  const [answer] = answers;
  const text = answer?.body.toString("utf8") ?? "";
  if (answer?.status !== 200)
    throw new Error(`a good request is answered ${answer?.status} ${text.slice(0, 200)}`);
  return text;
}
