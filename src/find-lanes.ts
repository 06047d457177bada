import { chooseLanes, type LaneChoice } from "./choose-lanes.ts";
import type { CudaDevices } from "./config/cuda-devices.ts";
import type { Settings } from "./config/settings.ts";
import { firstLine, StartupError } from "./errors.ts";
import type { Batching } from "./model/find-batching.ts";
import { measurePaces } from "./runtime/measure-paces.ts";
import type { Session, SessionPlace } from "./runtime/session.ts";
import type { DeviceLoad } from "./runtime/session-lanes.ts";
import type { Tensors } from "./tensor/tensor.ts";
import type { warmUp } from "./trial-run.ts";

/** What the user and the machine say of lanes. */
export interface LanePlan {
  readonly settings: Pick<Settings, "device" | "inferenceLanes" | "intraOpThreads" | "maxBatchSize"> &
    Partial<Pick<Settings, "allowedBatchSizes">>;
  readonly cpus: number;
  readonly cuda: CudaDevices;
  /** Of the GPUs, where other models share them. */
  readonly load?: DeviceLoad;
  /** Where other batches run beside the start, a trial would measure those: so many lanes, on a CPU, and why. */
  readonly untried?: { readonly lanes: number; readonly reason: string } | undefined;
}

/** Returns where the first lane runs: with all CPUs, unless the user said how many lanes share them. */
export function firstPlace({ settings, cpus, cuda, untried }: LanePlan): SessionPlace {
  const share = Math.max(1, Math.floor(cpus / (settings.inferenceLanes ?? untried?.lanes ?? 1)));
  return {
    lane: 0,
    device: settings.device,
    intraOpThreads: settings.intraOpThreads ?? share,
    cudaDevice: cuda.devices[0],
  };
}

export interface FindLanesOptions {
  readonly plan: LanePlan;
  /** The session of the first lane, in its {@link firstPlace}, proven and warm. */
  readonly first: Session;
  readonly start: (place: SessionPlace) => Promise<Session>;
  readonly batching: Batching;
  /** Makes a row to feed, anew for each call; absent where none is known that the model takes. */
  readonly makeRow: (() => Tensors) | undefined;
  /** Makes the row of an image on the image workers, as for a request; absent where no images come. */
  readonly makeImageRow?: (() => Promise<unknown>) | undefined;
  /** What the warm-up found. */
  readonly measured: Awaited<ReturnType<typeof warmUp>>;
  /** What the first lane takes of the memory. */
  readonly laneBytes: number;
}

export interface FoundLanes extends LaneChoice {
  /** The session of all CPUs, beside lanes that share them: for a row that is alone. */
  readonly wide?: Session;
  readonly warnings: readonly string[];
}

/**
 * Returns the sessions to serve with: as many as INFERENCE_LANES says, else one for each GPU, else on a CPU as many
 * as are measured to be better, and then the first session beside them.
 *
 * @throws {StartupError} when a lane that the user asked for can't be started.
 */
export async function findLanes(options: FindLanesOptions): Promise<FoundLanes> {
  const { plan, first } = options;
  const isOnGpu = first.info.provider === "cuda";
  const asked = plan.settings.inferenceLanes;
  if (asked !== undefined) return startLanes(options, asked, "set by INFERENCE_LANES");
  if (isOnGpu) return startLanes(options, plan.cuda.devices.length, "one for each GPU");
  if (plan.untried !== undefined) return startLanes(options, plan.untried.lanes, plan.untried.reason);
  const feed = trialFeed(options);
  if (typeof feed !== "string") {
    const choice = await tryLanes(options, feed);
    return { ...choice, ...(choice.sessions.includes(first) ? {} : { wide: first }), warnings: [] };
  }
  return { sessions: [first], intraOpThreads: firstPlace(plan).intraOpThreads, reason: feed, warnings: [] };
}

/** Lanes on GPUs are dealt out in turn. A GPU that nobody named is left out where it does not work. */
async function startLanes(
  { plan, first, start }: FindLanesOptions,
  count: number,
  reason: string,
): Promise<FoundLanes> {
  const { intraOpThreads } = firstPlace(plan);
  const { devices, areNamed } = plan.cuda;
  const device = first.info.provider;
  const places = Array.from({ length: count - 1 }, (_, i) => {
    const cudaDevice = devices[(i + 1) % devices.length] ?? 0;
    return { lane: i + 1, device, intraOpThreads, cudaDevice };
  });
  const outcomes = await Promise.allSettled(places.map((place) => start(place)));
  const others = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const warnings: string[] = [];
  for (const [i, { lane, cudaDevice }] of places.entries()) {
    const outcome = outcomes[i];
    if (outcome?.status !== "rejected") continue;
    const where = device === "cuda" ? `lane ${lane}, on GPU ${cudaDevice},` : `lane ${lane}`;
    const message = `${where} can't be started: ${firstLine((outcome.reason as Error).message)}`;
    if (device === "cpu" || areNamed || cudaDevice === devices[0]) throw new StartupError(message);
    warnings.push(message);
  }
  return { sessions: [first, ...others], intraOpThreads, reason, warnings };
}

/** A trial runs some ten batches on half the threads: this bounds what it adds to the start. */
const MAX_RUN_MS = 100;

interface TrialFeed {
  readonly rows: number;
  readonly makeRow: () => Tensors;
}

/** Returns what lanes are tried with, or why they are not tried. */
function trialFeed({ plan, makeRow, batching, measured }: FindLanesOptions): TrialFeed | string {
  if (plan.settings.intraOpThreads !== undefined) return "INTRA_OP_THREADS is set, INFERENCE_LANES is not";
  if (plan.cpus === 1) return "there is one CPU";
  if (makeRow === undefined || batching.kind !== "rows")
    return "more are not tried where rows can't be made up";
  const { maxBatchSize, batchTimings } = measured;
  const short = batchTimings.filter(
    ({ batchSize, runMs }) => batchSize <= maxBatchSize && runMs <= MAX_RUN_MS,
  );
  const rows = short.at(-1)?.batchSize;
  return rows === undefined
    ? `more are not tried where a run takes over ${MAX_RUN_MS} ms`
    : { rows, makeRow };
}

function tryLanes(
  { plan, first, start, laneBytes, makeImageRow }: FindLanesOptions,
  { rows, makeRow }: TrialFeed,
): Promise<LaneChoice> {
  const { cudaDevice } = firstPlace(plan);
  const beside = makeImageRow && (() => Promise.all(Array.from({ length: rows }, makeImageRow)));
  return chooseLanes({
    first,
    cpus: plan.cpus,
    start: (lane, intraOpThreads) => start({ lane, device: "cpu", intraOpThreads, cudaDevice }),
    makeFeed: () => ({ kind: "rows", rows: Array.from({ length: rows }, makeRow), batchSize: rows }),
    rows,
    beside,
    laneBytes,
    freeBytes: () => process.availableMemory(),
    measure: measurePaces,
  });
}
