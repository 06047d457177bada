import { barList } from "./bar-list.ts";
import { percent, type Scored, toBars } from "./bars.ts";
import { boxLayer, boxList, type FoundBox } from "./box-view.ts";
import { briefJson } from "./brief-json.ts";
import type { View } from "./choose-view.ts";
import { element } from "./element.ts";
import { type ClassShare, classShares, type Mask } from "./mask-pixels.ts";
import { maskLayer, readMask, shareList } from "./mask-view.ts";
import { labelOf, type ModelMetadata } from "./model-metadata.ts";

/** How answers are drawn now. */
export interface Drawing {
  readonly model: ModelMetadata;
  readonly view: View;
  readonly threshold: number;
  readonly isHidden: (index: number) => boolean;
}

/** An answer, made ready to be drawn again and again. */
export type Answer =
  | { readonly kind: "bars"; readonly scored: readonly Scored[] }
  | { readonly kind: "mask"; readonly mask: Mask; readonly shares: readonly ClassShare[] }
  | { readonly kind: "boxes"; readonly boxes: readonly FoundBox[] }
  | { readonly kind: "json"; readonly value: unknown };

/** What is drawn: something over the image, and something below it. */
export interface DrawnAnswer {
  readonly layer?: HTMLElement;
  readonly below: HTMLElement;
}

/** Classes that have no bar where more are wanted than can be read. */
const MOST_BARS = 10;

/** Where a centre crop cut the image off, a mask has no class. */
const CUT_OFF = 255;

/** Returns what a prediction holds, in the form of its view. */
export async function readAnswer(prediction: unknown, view: View, model: ModelMetadata): Promise<Answer> {
  switch (view.kind) {
    case "bars":
      return { kind: "bars", scored: readScored(prediction, model) };
    case "mask": {
      const mask = await readMask(prediction);
      return { kind: "mask", mask, shares: classShares(mask) };
    }
    case "boxes":
      return { kind: "boxes", boxes: prediction as readonly FoundBox[] };
    case "json":
      return { kind: "json", value: prediction };
  }
}

/** `scores` is a number for each class, `top_k` says which. */
function readScored(prediction: unknown, model: ModelMetadata): readonly Scored[] {
  const list = prediction as readonly (
    | number
    | null
    | { label: string; class: number; score: number | null }
  )[];
  return list.map((entry, index) =>
    typeof entry === "object" && entry !== null
      ? { index: entry.class, label: entry.label, score: entry.score }
      : { index, label: labelOf(model, index), score: entry },
  );
}

/**
 * Draws an answer.
 *
 * @param size of the image, in pixels
 */
export function drawAnswer(
  answer: Answer,
  { model, view, threshold, isHidden }: Drawing,
  size: { readonly width: number; readonly height: number },
): DrawnAnswer {
  switch (answer.kind) {
    case "bars": {
      const limit = view.hasThreshold ? { threshold } : {};
      const most = view.hasK ? answer.scored.length : MOST_BARS;
      return { below: barList(toBars(answer.scored, { ...limit, most }), limit) };
    }
    case "mask": {
      const shown = answer.shares.filter(({ index }) => !isHidden(index));
      const nameOf = (index: number) => className(model, index);
      return { layer: maskLayer(answer.mask, isHidden), below: shareList(shown, nameOf) };
    }
    case "boxes": {
      const boxes = answer.boxes.filter(({ score }) => score >= threshold);
      return { layer: boxLayer(boxes, size), below: boxList(boxes) };
    }
    case "json":
      return { below: drawValue(answer.value) };
  }
}

/** Returns the name of a class of a mask. */
export function className(model: ModelMetadata, index: number): string {
  const isCutOff = index === CUT_OFF && model.labels?.[index] === undefined;
  return isCutOff ? "cut off by the crop" : labelOf(model, index);
}

/** Tells whether a class is clear at first: what is no thing has no colour. */
export function isGround(model: ModelMetadata, index: number): boolean {
  return (
    /^(background|unlabell?ed|void)$/i.test(labelOf(model, index)) ||
    className(model, index) !== labelOf(model, index)
  );
}

/** Says in a few words what an answer is, for those who do not see it. */
export function summarise(answer: Answer, { model, view, threshold, isHidden }: Drawing): string {
  switch (answer.kind) {
    case "bars": {
      const chosen = toBars(answer.scored, { ...(view.hasThreshold ? { threshold } : {}), most: 1 });
      const right = chosen.filter(({ isChosen }) => isChosen);
      return right.length === 0
        ? "nothing at or above the threshold"
        : right.map(({ label, score }) => `${label} ${percent(score)}`).join(", ");
    }
    case "mask": {
      const shown = answer.shares.filter(({ index }) => !isHidden(index));
      return shown.map(({ index, share }) => `${className(model, index)} ${percent(share)}`).join(", ");
    }
    case "boxes": {
      const boxes = answer.boxes.filter(({ score }) => score >= threshold);
      return `${boxes.length} found${boxes.map(({ label }, i) => `${i === 0 ? ": " : ", "}${label}`).join("")}`;
    }
    case "json":
      return "answered";
  }
}

function drawValue(value: unknown): HTMLElement {
  const values = Array.isArray(value) ? value : [value];
  const isShort =
    values.length <= 12 && values.every((one) => typeof one === "number" || typeof one === "string");
  if (!isShort)
    return element("pre", { tabindex: 0, role: "group", "aria-label": "Answer" }, briefJson(value));
  if (values.length === 0) return element("p", { class: "hint" }, "Nothing at or above the threshold.");
  const list = element("ul", { class: "values" });
  for (const one of values) list.append(element("li", {}, String(one)));
  return list;
}
