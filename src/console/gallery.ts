import type { Drawing } from "./answer-view.ts";
import { byId } from "./element.ts";
import { type Picture, PictureCard, type Send } from "./picture-card.ts";

export interface GalleryOptions {
  readonly drawing: () => Drawing;
  readonly send: Send;
  /** Images came or went, or one has its answer. */
  readonly onChanged: () => void;
}

/** The images on the page. */
export class Gallery {
  readonly #options: GalleryOptions;
  readonly #list: HTMLUListElement = byId("pictures", HTMLUListElement);
  readonly #summary: HTMLElement = byId("summary", HTMLElement);
  #cards: readonly PictureCard[] = [];

  constructor(options: GalleryOptions) {
    this.#options = options;
  }

  get pictures(): readonly Picture[] {
    return this.#cards.map(({ picture }) => picture);
  }

  /** Classes that any mask has, ascending. */
  get classes(): readonly number[] {
    const indices = this.#cards.flatMap(({ shares }) => shares.map(({ index }) => index));
    return [...new Set(indices)].sort((a, b) => a - b);
  }

  add(pictures: readonly Picture[]): void {
    const added = pictures.map((picture) => this.#makeCard(picture));
    this.#cards = [...this.#cards, ...added];
    this.#list.append(...added.map((card) => card.element));
    for (const card of added) void this.#ask(card);
    this.#tell();
  }

  /** Asks for all predictions anew. */
  askAll(): void {
    for (const card of this.#cards) void this.#ask(card);
    this.#tell();
  }

  /** Draws all answers anew. */
  drawAll(): void {
    for (const card of this.#cards) card.draw();
    this.#tell();
  }

  clear(): void {
    for (const card of this.#cards) card.close();
    this.#cards = [];
    this.#tell();
  }

  #makeCard(picture: Picture): PictureCard {
    const card: PictureCard = new PictureCard({
      picture,
      drawing: this.#options.drawing,
      onRemove: () => this.#remove(card),
      onRetry: () => void this.#ask(card),
    });
    return card;
  }

  /** The keyboard goes on at the next image. */
  #remove(card: PictureCard): void {
    const place = this.#cards.indexOf(card);
    card.close();
    this.#cards = this.#cards.filter((other) => other !== card);
    const next = this.#cards[place] ?? this.#cards.at(-1);
    (next?.element.querySelector("button") ?? byId("files", HTMLInputElement)).focus();
    this.#tell();
  }

  async #ask(card: PictureCard): Promise<void> {
    await card.ask(this.#options.send);
    if (this.#cards.includes(card)) this.#tell();
  }

  #tell(): void {
    this.#list.dataset.count = String(this.#cards.length);
    this.#options.onChanged();
    // Said aloud when all are there: not each of many.
    if (this.#count("waiting") === 0) this.#summary.textContent = this.#summarise();
  }

  #summarise(): string {
    const [only, ...more] = this.#cards;
    if (only === undefined) return "";
    if (more.length === 0) return only.summary;
    const failed = this.#count("failed");
    const failures = failed > 0 ? `, ${failed} failed` : "";
    return `${this.#count("answered")} of ${this.#cards.length} images answered${failures}.`;
  }

  #count(state: PictureCard["state"]): number {
    return this.#cards.filter((card) => card.state === state).length;
  }
}
