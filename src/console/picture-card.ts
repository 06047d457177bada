import { type Answer, type Drawing, drawAnswer, readAnswer, summarise } from "./answer-view.ts";
import { element } from "./element.ts";
import type { ClassShare } from "./mask-pixels.ts";
import { ServerError } from "./server-api.ts";

/** An image that somebody chose. */
export interface Picture {
  readonly name: string;
  readonly bytes: Blob;
  /** The server's own: where it can be had again. */
  readonly sample?: string;
  /** It has no file that a command could name. */
  readonly isPasted?: boolean;
}

/** Gets the prediction of an image, and how long its request took. */
export type Send = (
  picture: Picture,
  options: { readonly signal: AbortSignal; readonly onWaiting: (seconds: number) => void },
) => Promise<{ readonly prediction: unknown; readonly ms: number }>;

export interface CardOptions {
  readonly picture: Picture;
  readonly drawing: () => Drawing;
  readonly onRemove: () => void;
  readonly onRetry: () => void;
}

type Outcome =
  | { readonly state: "waiting"; readonly text: string }
  | { readonly state: "answered"; readonly answer: Answer; readonly ms: number }
  | { readonly state: "failed"; readonly error: ServerError };

/** One image on the page, and what became of it. */
export class PictureCard {
  readonly element: HTMLLIElement;
  readonly picture: Picture;
  readonly #options: CardOptions;
  readonly #image: HTMLImageElement;
  readonly #frame: HTMLDivElement;
  readonly #time: HTMLSpanElement = element("span", { class: "time" });
  readonly #below: HTMLDivElement = element("div", { class: "answer" });
  readonly #address: string;
  #outcome: Outcome = { state: "waiting", text: "Waiting" };
  #work = new AbortController();

  constructor(options: CardOptions) {
    const { picture, onRemove } = options;
    this.#options = options;
    this.picture = picture;
    this.#address = URL.createObjectURL(picture.bytes);
    this.#image = element("img", { src: this.#address, alt: picture.name });
    this.#frame = element("div", { class: "frame" }, this.#image);
    const remove = element(
      "button",
      { type: "button", class: "remove", "aria-label": `Remove ${picture.name}` },
      "×",
    );
    remove.addEventListener("click", onRemove);
    const head = element(
      "div",
      { class: "head" },
      element("h3", { title: picture.name }, picture.name),
      this.#time,
      remove,
    );
    const stage = element("div", { class: "stage" }, this.#frame);
    this.element = element("li", { class: "card" }, head, stage, this.#below);
    this.#image.addEventListener("load", () => this.#fit());
    this.#image.addEventListener("error", () => {
      this.#frame.replaceChildren(element("p", { class: "hint" }, "This browser shows no such image."));
    });
    this.draw();
  }

  get state(): Outcome["state"] {
    return this.#outcome.state;
  }

  /** Classes of its mask; none where it has no mask. */
  get shares(): readonly ClassShare[] {
    return this.#outcome.state === "answered" && this.#outcome.answer.kind === "mask"
      ? this.#outcome.answer.shares
      : [];
  }

  /** Says what became of it, in one line. */
  get summary(): string {
    const { name } = this.picture;
    if (this.#outcome.state === "waiting") return `${name}: ${this.#outcome.text}`;
    if (this.#outcome.state === "failed") return `${name}: failed, ${this.#outcome.error.message}`;
    return `${name}: ${summarise(this.#outcome.answer, this.#options.drawing())}`;
  }

  /** Asks for its prediction; what was asked before is given up. */
  async ask(send: Send): Promise<void> {
    this.#work.abort();
    const work = new AbortController();
    this.#work = work;
    this.#become({ state: "waiting", text: "Asking" });
    const { view, model } = this.#options.drawing();
    const onWaiting = (seconds: number) =>
      this.#become({ state: "waiting", text: `The server is full; again in ${seconds} s` });
    try {
      const { prediction, ms } = await send(this.picture, { signal: work.signal, onWaiting });
      const answer = await readAnswer(prediction, view, model);
      if (!work.signal.aborted) this.#become({ state: "answered", answer, ms });
    } catch (thrown) {
      if (work.signal.aborted) return;
      this.#become({ state: "failed", error: toServerError(thrown) });
    }
  }

  /** Draws what became of it, as things are set now. */
  draw(): void {
    const outcome = this.#outcome;
    this.element.dataset.state = outcome.state;
    this.#time.textContent = outcome.state === "answered" ? `${Math.max(1, Math.round(outcome.ms))} ms` : "";
    for (const layer of this.#frame.querySelectorAll(".layer")) layer.remove();
    if (outcome.state === "waiting") {
      this.#below.replaceChildren(element("p", { class: "hint" }, `${outcome.text} …`));
      return;
    }
    if (outcome.state === "failed") {
      this.#below.replaceChildren(...this.#fault(outcome.error));
      return;
    }
    const { naturalWidth: width, naturalHeight: height } = this.#image;
    const { layer, below } = drawAnswer(outcome.answer, this.#options.drawing(), { width, height });
    if (layer !== undefined && width > 0) this.#frame.append(layer);
    this.#below.replaceChildren(below);
  }

  /** Gives up what is asked and frees the image. */
  close(): void {
    this.#work.abort();
    URL.revokeObjectURL(this.#address);
    this.element.remove();
  }

  #become(outcome: Outcome): void {
    this.#outcome = outcome;
    this.draw();
  }

  #fault({ message, code }: ServerError): readonly Node[] {
    const retry = element("button", { type: "button", class: "quiet" }, "Try again");
    retry.addEventListener("click", this.#options.onRetry);
    return [
      element("p", { class: "fault" }, element("strong", {}, code), ` ${withoutPlace(message)}`),
      retry,
    ];
  }

  /** Small images are enlarged, tall ones stay on the screen. */
  #fit(): void {
    const { naturalWidth: width, naturalHeight: height } = this.#image;
    this.#frame.style.setProperty("--aspect", String(width / height));
    if (Math.max(width, height) < 100) this.#frame.classList.add("tiny");
    this.draw();
  }
}

/** Every request is of one instance: its number says nothing. */
function withoutPlace(message: string): string {
  return message.replace(/^instances\[0\](\.\w+)*: /, "");
}

function toServerError(thrown: unknown): ServerError {
  if (thrown instanceof ServerError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return Object.assign(new ServerError({ status: 0, code: "CONSOLE", message }), { cause: thrown });
}
