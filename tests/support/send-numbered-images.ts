import http from "node:http";
import { imageInstance } from "./digits.ts";
import { request } from "./http-client.ts";
import { colorOfNumber } from "./onnx/image-models.ts";
import { solidPng } from "./solid-png.ts";

/** So many instances wait at most: all clients with their largest request. */
export const MOST_NUMBERED: number = 64 * 40;

export interface NumberedImages {
  readonly sent: number;
  /** Requests that got other numbers than theirs, or in another order. */
  readonly mismatches: readonly { readonly numbers: readonly number[]; readonly got: unknown }[];
}

/**
 * Sends at least `images` images to a server of `imageEcho`, each of which is a number of its own, from 64 clients at
 * once in requests of 1 to 40, and compares the numbers that come back.
 *
 * @throws {Error} at the first answer that is not 200.
 */
export async function sendNumberedImages(url: string, images: number): Promise<NumberedImages> {
  const agent = new http.Agent({ keepAlive: true });
  let next = 0;
  const mismatches: { numbers: number[]; got: unknown }[] = [];
  const client = async (seed: number) => {
    for (let turn = 0; next < images; turn++) {
      const size = 1 + ((seed * 7 + turn * 13) % 40);
      const numbers = Array.from({ length: size }, () => (next++ * 40_503) % 2 ** 24);
      const instances = numbers.map((number) => imageInstance(solidPng(8, 8, colorOfNumber(number))));
      const { status, json } = await request(`${url}/analyze:predict`, { body: { instances }, agent });
      if (status !== 200) throw new Error(`status ${status}: ${JSON.stringify(json)}`);
      const got = (json.predictions as number[][] | undefined)?.flat();
      if (JSON.stringify(got) !== JSON.stringify(numbers)) mismatches.push({ numbers, got });
    }
  };
  try {
    await Promise.all(Array.from({ length: 64 }, (_, seed) => client(seed)));
    return { sent: next, mismatches };
  } finally {
    agent.destroy();
  }
}
