import type { ImageTask } from "./image-task.ts";

/** About so many of the latest tasks count. */
const LATEST = 32;
/** A task that took this many times the mean counts as so many times: one that hung is not what images are like. */
const MOST_OF_MEAN = 8;

/** Tasks of each worker until something is said: its first one starts the worker up, and takes far longer. */
const FIRST_OF_WORKER = 4;

/** How long a worker is busy with one image, all in all: a mean of the latest ones. */
export class ImageWorkTime {
  readonly #preprocess: LatestMean;
  readonly #answer: LatestMean;
  /** Tasks of either kind, older ones counting less. */
  readonly #tasks = { preprocess: 0, answer: 0 };

  /** @param workers how many there are. Minimum: 1. */
  constructor(workers: number) {
    this.#preprocess = new LatestMean(FIRST_OF_WORKER * workers);
    this.#answer = new LatestMean(FIRST_OF_WORKER * workers);
  }

  /** Takes in a task's time. */
  taskEnded(kind: ImageTask["kind"], ms: number): void {
    if (kind === "load_handler") return;
    const part = kind === "preprocess" ? "preprocess" : "answer";
    this.#tasks.preprocess *= 1 - 1 / LATEST;
    this.#tasks.answer *= 1 - 1 / LATEST;
    this.#tasks[part] += 1;
    (part === "preprocess" ? this.#preprocess : this.#answer).add(ms);
  }

  /** Milliseconds: preprocessing, and rendering as often as images need it; 0 while too little is known. */
  get perImageMs(): number {
    const { preprocess, answer } = this.#tasks;
    if (preprocess === 0) return 0;
    // Each image is rendered once at most; what is counted may be out of step.
    return this.#preprocess.value + Math.min(1, answer / preprocess) * this.#answer.value;
  }
}

/** A mean that starts as the median of the first samples, and is 0 until then. */
class LatestMean {
  value = 0;
  readonly #firstCount: number;
  readonly #first: number[] = [];

  constructor(firstCount: number) {
    this.#firstCount = firstCount;
  }

  add(sample: number): void {
    if (this.#first.length < this.#firstCount) {
      this.#first.push(sample);
      if (this.#first.length < this.#firstCount) return;
      this.value = this.#first.toSorted((a, b) => a - b)[this.#firstCount >> 1] ?? 0;
      return;
    }
    this.value += (Math.min(sample, MOST_OF_MEAN * this.value) - this.value) / LATEST;
  }
}
