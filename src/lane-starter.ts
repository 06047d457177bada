import { StartupError } from "./errors.ts";
import type { Session, SessionPlace } from "./runtime/session.ts";
import { SupervisedSession } from "./runtime/supervised-session.ts";
import { WorkerSession } from "./runtime/worker-session.ts";

/** Starts a session of a model file in its place, which calls `onExit` when its thread ends. */
export type StartSession = (modelPath: string, place: SessionPlace, onExit: () => void) => Promise<Session>;

export interface LaneStarterOptions {
  /** @default a worker thread with ONNX Runtime */
  readonly startSession?: StartSession | undefined;
  readonly observer: {
    /** A lane's thread died; another is started. */
    lost(lane: number): void;
    /** It has loaded the model. */
    restored(): void;
    /** Too many deaths of all lanes, or a thread that can't load the model any more. */
    gaveUp(reason: StartupError): void;
  };
}

/** Starts the sessions of all lanes, replaces their threads when they die, and ends them. */
export class LaneStarter {
  readonly #options: LaneStarterOptions;
  readonly #started: Promise<Session>[] = [];
  /** Of all lanes: the same poison kills one after the other. */
  readonly #deathsMs: number[] = [];
  #isClosed = false;

  constructor(options: LaneStarterOptions) {
    this.#options = options;
  }

  /** @throws {StartupError} when the model can't be loaded there, and after {@link close}. */
  start(modelPath: string, place: SessionPlace): Promise<Session> {
    if (this.#isClosed) return Promise.reject(new StartupError("the server is stopping"));
    const { startSession = startWorker, observer } = this.#options;
    const starting = SupervisedSession.start({
      start: (onExit) => startSession(modelPath, place, onExit),
      deathsMs: this.#deathsMs,
      observer: { ...observer, lost: () => observer.lost(place.lane) },
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

const startWorker: StartSession = (modelPath, place, onExit) =>
  WorkerSession.start({ modelPath, ...place, onExit });
