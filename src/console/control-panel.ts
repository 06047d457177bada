import { className, isGround } from "./answer-view.ts";
import { shareRow } from "./box-view.ts";
import { chooseView, usualSignature, type View } from "./choose-view.ts";
import { byId, element } from "./element.ts";
import type { ModelMetadata } from "./model-metadata.ts";

export interface ControlPanelOptions {
  /** Other answers are wanted. */
  readonly onAsk: () => void;
  /** The answers are to be drawn otherwise. */
  readonly onDraw: () => void;
  readonly onClear: () => void;
}

/** What a person sets: the signature, its parameters, and how answers are drawn. */
export class ControlPanel {
  readonly #options: ControlPanelOptions;
  readonly #panel: HTMLFieldSetElement = byId("controls", HTMLFieldSetElement);
  readonly #signature: HTMLSelectElement = byId("signature", HTMLSelectElement);
  readonly #threshold: HTMLInputElement = byId("threshold", HTMLInputElement);
  readonly #opacity: HTMLInputElement = byId("opacity", HTMLInputElement);
  readonly #k: HTMLInputElement = byId("k", HTMLInputElement);
  readonly #legend: HTMLUListElement = byId("legend-list", HTMLUListElement);
  /** Classes that were hidden or shown by hand. */
  readonly #hidden = new Map<number, boolean>();
  #model: ModelMetadata | undefined;
  #legendOf = "";

  constructor(options: ControlPanelOptions) {
    this.#options = options;
    const { onAsk, onDraw, onClear } = options;
    this.#signature.addEventListener("change", () => {
      this.#show();
      onAsk();
    });
    this.#k.addEventListener("change", () => {
      this.#k.value = String(this.#classes);
      onAsk();
    });
    this.#threshold.addEventListener("input", () => {
      this.#show();
      if (!this.view?.isThresholdSent) onDraw();
    });
    this.#threshold.addEventListener("change", () => {
      if (this.view?.isThresholdSent) onAsk();
    });
    this.#opacity.addEventListener("input", () => this.#showOpacity());
    byId("clear", HTMLButtonElement).addEventListener("click", onClear);
    this.#showOpacity();
  }

  get threshold(): number {
    return Number(this.#threshold.value);
  }

  /** undefined: there is no model yet. */
  get view(): View | undefined {
    if (this.#model === undefined) return undefined;
    const signature = this.#signature.value;
    return chooseView(this.#model, { signature, threshold: this.threshold, k: this.#classes });
  }

  isHidden(index: number): boolean {
    const model = this.#model;
    return this.#hidden.get(index) ?? (model !== undefined && isGround(model, index));
  }

  /** Offers what a model offers, with its own values. */
  setModel(model: ModelMetadata): void {
    const isSame = JSON.stringify(this.#model?.signatures) === JSON.stringify(model.signatures);
    const before = this.#signature.value;
    this.#model = model;
    this.#hidden.clear();
    this.#legendOf = "";
    this.#signature.replaceChildren(
      ...model.signatures.map((name) => element("option", { value: name }, name)),
    );
    this.#signature.value = isSame && before !== "" ? before : usualSignature(model);
    this.#k.value = String(Math.min(model.parameters.k, model.labels?.length ?? model.parameters.k));
    this.#threshold.value = String(model.parameters.score_threshold);
    this.#show();
  }

  /** @param classes those that masks on the page have */
  showPictures({ count, classes }: { readonly count: number; readonly classes: readonly number[] }): void {
    this.#panel.hidden = count === 0;
    byId("clear", HTMLButtonElement).hidden = count === 0;
    byId("legend", HTMLFieldSetElement).hidden = classes.length === 0;
    this.#showLegend(classes);
  }

  /** The number of classes to show, within its bounds. */
  get #classes(): number {
    const most = this.#model?.labels?.length ?? Number.MAX_SAFE_INTEGER;
    return Math.min(most, Math.max(1, Math.round(Number(this.#k.value)) || 1));
  }

  #show(): void {
    const view = this.view;
    byId("k-choice", HTMLDivElement).hidden = view?.hasK !== true;
    byId("threshold-choice", HTMLDivElement).hidden = view?.hasThreshold !== true;
    byId("opacity-choice", HTMLDivElement).hidden = view?.kind !== "mask";
    byId("threshold-value", HTMLOutputElement).value = this.threshold.toFixed(2);
  }

  #showOpacity(): void {
    byId("opacity-value", HTMLOutputElement).value = `${this.#opacity.value} %`;
    byId("pictures", HTMLUListElement).style.setProperty("--mask-opacity", `${this.#opacity.value}%`);
  }

  /** Made anew only for other classes: the keyboard may stand on one of them. */
  #showLegend(classes: readonly number[]): void {
    const model = this.#model;
    if (model === undefined || this.#legendOf === classes.join()) return;
    this.#legendOf = classes.join();
    const rows = classes.map((index) => {
      const box = element("input", { type: "checkbox", checked: !this.isHidden(index) });
      box.addEventListener("change", () => {
        this.#hidden.set(index, !box.checked);
        this.#options.onDraw();
      });
      const row = shareRow(index, className(model, index), "");
      return element("li", {}, element("label", {}, box, ...row.childNodes));
    });
    this.#legend.replaceChildren(...rows);
  }
}
