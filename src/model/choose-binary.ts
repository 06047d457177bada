import { StartupError } from "../errors.ts";
import type { ChosenHead } from "./chosen-head.ts";
import type { Recipe } from "./recipe.ts";

/**
 * Decides how a single number for two classes is read: as the score of the second.
 *
 * @param origins of what is already decided
 * @throws {StartupError} when there are not two labels, or the activation is softmax.
 */
export function chooseBinary(
  recipe: Recipe,
  output: string,
  origins: Readonly<Record<string, string>>,
): ChosenHead {
  const { labels, activation = "sigmoid", parameters } = recipe.values;
  if (labels !== undefined && labels.length !== 2) {
    throw new StartupError(
      `${recipe.origins.labels}: expected two labels, "${output}" gives one number for two classes; got ${labels.length}: say two, or "multi_label" for a class that is there or not`,
    );
  }
  if (activation === "softmax") {
    throw new StartupError(
      `${recipe.origins.activation}: activation softmax of a single number is always 1: say sigmoid, or none`,
    );
  }
  const isGuessed = recipe.values.activation === undefined;
  return {
    head: {
      task: "classification",
      output,
      classes: 2,
      isBinary: true,
      ...(labels === undefined ? {} : { labels }),
      activation,
      ...(parameters === undefined ? {} : { parameters }),
    },
    origins: isGuessed ? { ...origins, activation: "default" } : origins,
    warnings: [
      ...(labels === undefined ? ["no labels found: classes have numbers only"] : []),
      ...(isGuessed
        ? ['sigmoid is guessed: say "activation" in serving.json ("none" where the number is a probability)']
        : []),
    ],
  };
}
