/** A metric that an expression selects, with the labels that it matches. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[];
}

export interface ExpressionNames {
  readonly selectors: readonly Selector[];
  /** Labels of `by (...)`, `without (...)`, `on (...)` and the like. */
  readonly groupings: readonly string[];
}

const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const NAME = /([a-zA-Z_:][\w:]*)\s*(\(|\{[^}]*\})?/g;
const OPERATORS = new Set(["and", "or", "unless", "bool", "offset"]);

/**
 * Returns the names in a PromQL expression. No parser, `promtool` is one: enough of the grammar to tell metrics, labels and
 * functions apart in expressions whose texts hold no braces.
 */
export function promqlNames(expression: string): ExpressionNames {
  const groupings: string[] = [];
  const rest = expression.replace(/\[[^\]]*\]/g, "").replace(GROUPING, (_, labels: string) => {
    groupings.push(...labels.split(",").map((label) => label.trim()));
    return "";
  });
  const selectors = [...rest.matchAll(NAME)].flatMap(([, metric = "", behind]) => {
    if (behind === "(" || OPERATORS.has(metric)) return [];
    return { metric, matchers: matchersOf(behind ?? "") };
  });
  return { selectors, groupings };
}

function matchersOf(braces: string): Selector["matchers"] {
  return [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label = "", text = ""]) => ({
    label,
    values: text.split("|"),
  }));
}
