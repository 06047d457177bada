import type { ImageTask } from "./image-task.ts";

/** About so many of the latest tasks count. */
const LATEST = 32;
/** A task that took this many times the mean counts as so many times: one that hung is not what images are like. */
const MOST_OF_MEAN = 8;

/** How long a worker is busy with one image, all in all: a mean of the latest ones. */
export class ImageWorkTime {
  readonly #preprocess = new LatestMean();
  readonly #answer = new LatestMean();
  /** Tasks of either kind, older ones counting less. */
  readonly #tasks = { preprocess: 0, answer: 0 };

  /** Takes in a task's time. */
  taskEnded(kind: ImageTask["kind"], ms: number): void {
    if (kind === "load_handler") return;
    const part = kind === "preprocess" ? "preprocess" : "answer";
    this.#tasks.preprocess *= 1 - 1 / LATEST;
    this.#tasks.answer *= 1 - 1 / LATEST;
    this.#tasks[part] += 1;
    (part === "preprocess" ? this.#preprocess : this.#answer).add(ms);
  }

  /** Milliseconds: preprocessing, and rendering as often as images need it; 0 while nothing is known. */
  get perImageMs(): number {
    const { preprocess, answer } = this.#tasks;
    if (preprocess === 0) return 0;
    // Each image is rendered once at most; what is counted may be out of step.
    return this.#preprocess.value + Math.min(1, answer / preprocess) * this.#answer.value;
  }
}

class LatestMean {
  value = 0;
  #count = 0;

  add(sample: number): void {
    // The first task of a worker starts it up: the second one takes its place.
    const share = 1 / Math.min(LATEST, Math.max(1, this.#count));
    const cut = this.#count > 1 ? Math.min(sample, MOST_OF_MEAN * this.value) : sample;
    this.value += share * (cut - this.value);
    this.#count += 1;
  }
}
