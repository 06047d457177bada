import { Failures } from "./failures.ts";
import type { FuzzModel } from "./fuzz-model.ts";
import { KeptServer } from "./kept-server.ts";
import { WireClient } from "./wire-client.ts";

/**
 * Sends one request to a fresh server, and prints what comes back.
 *
 * @param base64 the bytes of the request
 */
export async function replay(model: FuzzModel, base64: string): Promise<void> {
  const server = await KeptServer.start(model.folder, new Failures("."));
  const client = new WireClient(() => server.current.port);
  const bytes = Buffer.from(base64, "base64");
  const request = { label: "replay", bytes, isFramed: false, isHead: false, hangsUp: false };
  const { answers, milliseconds } = await client.send(request);
  for (const { status, headers, body } of answers) {
    console.log(
      `${status} ${JSON.stringify(Object.fromEntries(headers))}\n${body.toString("utf8").slice(0, 2000)}`,
    );
  }
  console.log(`${answers.length} answers in ${Math.round(milliseconds)} ms`);
  await server.stop();
}
