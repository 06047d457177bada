import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import type { Failures } from "./failures.ts";
import { runLane } from "./fuzz-lane.ts";
import type { FuzzModel } from "./fuzz-model.ts";
import type { ProcessFigures } from "./fuzzed-server.ts";
import { httpRequests } from "./http-requests.ts";
import { KeptServer } from "./kept-server.ts";
import { KnownAnswers } from "./known-answers.ts";
import { unframedRequest } from "./unframed-requests.ts";
import { WireClient } from "./wire-client.ts";
import { framedRequest } from "./wire-request.ts";

export interface ServedModelOptions {
  readonly requests: number;
  readonly seed: number;
  readonly concurrency: number;
  readonly collection: readonly Buffer[];
  readonly failures: Failures;
}

/** How often a known request is asked in between. */
const KNOWN_EVERY = 50;

/** Parts of the requests between which the process is looked at; the first is the warm-up. */
const PARTS = 5;

/** Of ten requests, those that are whole HTTP. */
const FRAMED_OF_TEN = 9;

/** What may come after the warm-up: the heap between two collections, threads of pools that start when needed. */
const ALLOWED_GROWTH: ProcessFigures = { rssMib: 96, descriptors: 4, threads: 4 };

/** How long connections that were cut off may take to be given up. */
const SETTLE_MS = 6000;

/** Serves a model, fuzzes it, and looks at what becomes of the process. */
export async function fuzzServedModel(model: FuzzModel, options: ServedModelOptions): Promise<void> {
  const { failures } = options;
  const server = await KeptServer.start(model.folder, failures);
  try {
    await fuzzServer(server, model, options);
  } catch (error) {
    const { message } = error as Error;
    if (failures.claim(message)) failures.report(message, `${model.name} could not be fuzzed`);
  } finally {
    await server.stop();
  }
}

async function fuzzServer(server: KeptServer, model: FuzzModel, options: ServedModelOptions): Promise<void> {
  const { requests, failures, concurrency, collection } = options;
  const clients = Array.from({ length: concurrency }, () => new WireClient(() => server.current.port));
  const knownClient = new WireClient(() => server.current.port);
  await loadDecoders(clients, collection);
  const known = await KnownAnswers.ask(knownClient, model.known);
  const both = fc.oneof(
    { weight: FRAMED_OF_TEN, arbitrary: httpRequests(model, collection) },
    { weight: 10 - FRAMED_OF_TEN, arbitrary: unframedRequest },
  );
  let sent = 0;
  let checking: Promise<void> = Promise.resolve();
  const onSent = async () => {
    sent += 1;
    if (sent % KNOWN_EVERY === 0) checking = checking.then(() => checkKnown(known, knownClient, failures));
    await checking;
  };

  const figures: ProcessFigures[] = [];
  for (let part = 0; part < PARTS; part++) {
    const startMs = performance.now();
    await Promise.all(
      clients.map((client, lane) =>
        runLane({
          requests: both,
          count: Math.ceil(requests / PARTS / concurrency),
          seed: options.seed + part * 104_729 + lane * 15_485_863,
          client,
          failures,
          serverThere: () => server.alive(),
          sent: onSent,
        }),
      ),
    );
    const perSecond = Math.round((requests / PARTS / (performance.now() - startMs)) * 1000);
    for (const client of clients) client.close();
    await sleep(SETTLE_MS);
    await server.alive();
    const now = server.current.figures();
    figures.push(now);
    console.log(
      `        ${model.name}: ${sent} requests, ${perSecond}/s; RSS ${now.rssMib} MiB, ` +
        `${now.descriptors} descriptors, ${now.threads} threads`,
    );
  }
  checkGrowth(figures, failures);
  knownClient.close();
}

/** Sends every image on all connections at once, so that each image worker has loaded its decoders before times are taken. */
async function loadDecoders(clients: readonly WireClient[], collection: readonly Buffer[]): Promise<void> {
  const whole = { label: "warm-up", method: "POST", target: "/analyze:predict", headers: [] };
  for (const body of collection) {
    const request = framedRequest({ ...whole, body });
    await Promise.allSettled(clients.map((client) => client.send(request)));
  }
}

async function checkKnown(known: KnownAnswers, client: WireClient, failures: Failures): Promise<void> {
  try {
    await known.check(client);
  } catch (error) {
    const { message } = error as Error;
    if (failures.claim(message)) failures.report(message, "a good request among the others");
  }
}

function checkGrowth(figures: readonly ProcessFigures[], failures: Failures): void {
  const [warm, last] = [figures[0], figures.at(-1)];
  if (warm === undefined || last === undefined) return;
  for (const name of ["rssMib", "descriptors", "threads"] as const) {
    if (last[name] <= warm[name] + ALLOWED_GROWTH[name]) continue;
    const message = `${name} grew from ${warm[name]} to ${last[name]}`;
    if (failures.claim(message)) failures.report(message, "after the warm-up");
  }
}
