import { runTimeoutMs } from "./config/run-timeout.ts";
import type { Settings } from "./config/settings.ts";
import { StartupError } from "./errors.ts";
import { hashFile } from "./model/hash-file.ts";
import { LossLimit, type ThreadLoss } from "./runtime/loss-limit.ts";
import type { Session, SessionPlace } from "./runtime/session.ts";
import { SupervisedSession } from "./runtime/supervised-session.ts";
import { WorkerSession } from "./runtime/worker-session.ts";

/** Starts a session of a model file in its place, which calls `onLost` when its thread ends or hangs. */
export type StartSession = (
  modelPath: string,
  place: SessionPlace,
  onLost: (loss: ThreadLoss) => void,
) => Promise<Session>;

/** A model file as it was when it was first read. */
export interface ModelFile {
  readonly path: string;
  readonly sha256: string;
}

export interface LaneStarterOptions {
  readonly settings: Pick<Settings, "runTimeoutMs" | "requestTimeoutMs">;
  /** @default a worker thread with ONNX Runtime */
  readonly startSession?: StartSession | undefined;
  readonly observer?: {
    /** A lane's thread died, or hangs; another is started. */
    lost(lane: number, loss: ThreadLoss): void;
    /** It has loaded the model. */
    restored(): void;
    /** Too many losses of all lanes, or a thread that can't load the model any more. */
    gaveUp(reason: StartupError): void;
  };
  /**
   * Of all lanes: the same poison takes one after the other.
   *
   * @default its own
   */
  readonly limit?: Pick<LossLimit, "add" | "waitMs">;
}

const NOBODY: NonNullable<LaneStarterOptions["observer"]> = { lost() {}, restored() {}, gaveUp() {} };

/** Starts the sessions of all lanes, replaces their threads when they are lost, and ends them. */
export class LaneStarter {
  readonly #options: LaneStarterOptions;
  readonly #startSession: StartSession;
  readonly #started: Promise<Session>[] = [];
  readonly #limit: Pick<LossLimit, "add" | "waitMs">;
  #isClosed = false;

  constructor(options: LaneStarterOptions) {
    this.#options = options;
    this.#limit = options.limit ?? new LossLimit();
    const timeoutMs = runTimeoutMs(options.settings);
    this.#startSession =
      options.startSession ??
      ((modelPath, place, onLost) =>
        WorkerSession.start({ modelPath, ...place, runTimeoutMs: timeoutMs, onLost }));
  }

  /** @throws {StartupError} when the model can't be loaded there, and after {@link close}. */
  start(model: ModelFile, place: SessionPlace): Promise<Session> {
    if (this.#isClosed) return Promise.reject(new StartupError("the server is stopping"));
    const { observer = NOBODY } = this.#options;
    let isFirst = true;
    const starting = SupervisedSession.start({
      start: async (onLost) => {
        if (!isFirst) await requireSame(model);
        isFirst = false;
        return this.#startSession(model.path, place, onLost);
      },
      limit: this.#limit,
      observer: { ...observer, lost: (loss) => observer.lost(place.lane, loss) },
    });
    this.#started.push(starting);
    return starting;
  }

  /** Ends all sessions, also those that are being started. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const closing = this.#started.map(async (starting) => {
      const session = await starting.catch(() => undefined);
      await session?.close();
    });
    await Promise.all(closing);
  }
}

/** What was proven at the start is served, and nothing else: a new thread reads the file again. */
async function requireSame({ path, sha256 }: ModelFile): Promise<void> {
  const now = await hashFile(path).catch(() => undefined);
  if (now === sha256) return;
  throw new StartupError(
    `the model file ${now === undefined ? "can't be read any more" : "is another than at the start"}: start the server again to serve what is there now`,
  );
}
