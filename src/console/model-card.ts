import { describeModel } from "./describe-model.ts";
import { byId, element } from "./element.ts";
import type { DescribedModel } from "./server-api.ts";

/** Fills the model's card. */
export function showModelCard(described: DescribedModel): void {
  const sections = describeModel(described).flatMap(({ heading, rows }) => {
    const list = element("dl");
    for (const { name, text, origin } of rows) {
      const from = origin === undefined ? [] : [element("span", { class: "origin" }, origin)];
      list.append(element("div", {}, element("dt", {}, name), element("dd", {}, text, ...from)));
    }
    return [element("h3", {}, heading), list];
  });
  const { warnings } = described.model;
  const list = element("ul", { class: "warnings", "aria-label": "Warnings" });
  for (const warning of warnings) list.append(element("li", {}, warning));
  byId("card-warnings", HTMLDivElement).replaceChildren(...(warnings.length === 0 ? [] : [list]));
  byId("card-sections", HTMLDivElement).replaceChildren(...sections);
  byId("card", HTMLElement).hidden = false;
}
