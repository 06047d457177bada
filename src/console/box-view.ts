import { percent } from "./bars.ts";
import { classColor, cssColor } from "./class-colors.ts";
import { element } from "./element.ts";

/** Something that was found in an image. Units: pixels of the image, x1, y1, x2, y2. */
export interface FoundBox {
  readonly label: string;
  readonly class: number;
  readonly score: number;
  readonly box: readonly [number, number, number, number];
}

/** Returns the boxes as they lie over an image of this size. Hidden from readers of the page: the list says the same. */
export function boxLayer(
  boxes: readonly FoundBox[],
  { width, height }: { readonly width: number; readonly height: number },
): HTMLElement {
  const layer = element("div", { class: "layer", "aria-hidden": "true" });
  // The best lie on top.
  for (const { label, class: index, score, box } of [...boxes].reverse()) {
    const [left, top, right, bottom] = box;
    const drawn = element("div", { class: "box" });
    drawn.style.left = `${(100 * left) / width}%`;
    drawn.style.top = `${(100 * top) / height}%`;
    drawn.style.width = `${(100 * (right - left)) / width}%`;
    drawn.style.height = `${(100 * (bottom - top)) / height}%`;
    drawn.style.setProperty("--class-color", cssColor(classColor(index)));
    // Above the box, but for one at the upper edge.
    const place = top < height / 8 ? "within" : "above";
    drawn.append(element("span", { class: `tag ${place}` }, `${label} ${percent(score)}`));
    layer.append(drawn);
  }
  return layer;
}

/** Returns the boxes as a list. */
export function boxList(boxes: readonly FoundBox[]): HTMLElement {
  if (boxes.length === 0) return element("p", { class: "hint" }, "Nothing at or above the threshold.");
  const list = element("ol", { class: "shares" });
  for (const { label, class: index, score } of boxes) list.append(shareRow(index, label, percent(score)));
  return list;
}

/** Returns one line of a list of classes: its colour, its name, and a figure. */
export function shareRow(index: number, label: string, figure: string): HTMLElement {
  const swatch = element("span", { class: "swatch", "aria-hidden": "true" });
  swatch.style.setProperty("--class-color", cssColor(classColor(index)));
  const name = element("span", { class: "name", title: label }, label);
  return element("li", {}, swatch, name, element("span", { class: "score" }, figure));
}
