import type { Tensor } from "../tensor/tensor.ts";
import { type ScoreMap, toClassMap } from "./class-map.ts";
import type { Activation } from "./head.ts";

/**
 * Returns the best class of every place and its probability.
 *
 * Shapes: `[C, h, w]` → `[h, w, 2]`. Of a single class: 1 where it is the foreground, else 0, with its own probability.
 *
 * @see pytorch/serve `ts/torch_handler/image_segmenter.py` postprocess
 */
export function toClassScores(scores: ScoreMap, activation: Activation): Tensor {
  const { height, width, classes } = scores;
  const best = toClassMap(scores).data as Uint8Array | Uint16Array;
  const data = new Float32Array(2 * best.length);
  for (let place = 0; place < best.length; place++) {
    const index = best[place] as number;
    data[2 * place] = index;
    data[2 * place + 1] =
      classes === 1
        ? foreground(scores, activation, place, index)
        : probability(scores, activation, place, index);
  }
  return { dtype: "float32", shape: [height, width, 2], data };
}

/** @param index of the best class, whose logit no other one's exceeds: no power overflows */
function probability(
  { data, classes, height, width }: ScoreMap,
  activation: Activation,
  place: number,
  index: number,
): number {
  const places = height * width;
  const logit = data[index * places + place] as number;
  if (activation !== "softmax") return activate(logit, activation);
  let sum = 0;
  for (let channel = 0; channel < classes; channel++) {
    const power = Math.exp((data[channel * places + place] as number) - logit);
    if (!Number.isNaN(power)) sum += power;
  }
  return 1 / sum;
}

function foreground({ data }: ScoreMap, activation: Activation, place: number, index: number): number {
  const share = activate(data[place] as number, activation === "none" ? "none" : "sigmoid");
  return index === 1 ? share : 1 - share;
}

function activate(logit: number, activation: "sigmoid" | "none"): number {
  return activation === "none" ? logit : 1 / (1 + Math.exp(-logit));
}
