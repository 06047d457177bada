import { type Bar, percent } from "./bars.ts";
import { element } from "./element.ts";

export interface BarListOptions {
  /** Drawn as a line across the bars. */
  readonly threshold?: number;
}

/** Returns the scores of one image, the best first. */
export function barList(bars: readonly Bar[], { threshold }: BarListOptions = {}): HTMLElement {
  const list = element("ol", { class: "bars" });
  for (const { label, score, length, isChosen } of bars) {
    const fill = element("span", { class: "fill" });
    fill.style.width = `${length * 100}%`;
    const track = element("span", { class: "track" }, fill);
    if (threshold !== undefined) {
      const mark = element("span", { class: "mark" });
      mark.style.left = `${threshold * 100}%`;
      track.append(mark);
    }
    const name = element("span", { class: "name", title: label }, label);
    const value = element("span", { class: "score" }, percent(score));
    list.append(element("li", { "data-chosen": isChosen }, name, track, value));
  }
  return list;
}
