import { ConvnetBuilder, type Layer } from "./convnet-builder.ts";

/** The paper's table 2: expansion, channels, blocks, stride of the first block. */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * Returns MobileNetV2 (width 1.0) with seeded random weights: what it computes means nothing, what it
 * costs is real.
 *
 * Shapes: image float32 [N, 3, 224, 224] → logits [N, 1000]. 3,487,816 parameters: the 3,504,872 of the
 * publication less one for each of 17,056 normalised channels, folded into the convolutions.
 *
 * @see pytorch/vision `torchvision/models/mobilenetv2.py`
 */
export function mobilenetV2(seed = 2): Uint8Array<ArrayBuffer> {
  const net = new ConvnetBuilder(seed);
  let layer = net.relu6(net.convolution(net.image, { channels: 32, kernel: 3, stride: 2 }));
  for (const [expansion, channels, blocks, firstStride] of STAGES) {
    for (let i = 0; i < blocks; i++) {
      layer = invertedResidual(net, layer, { expansion, channels, stride: i === 0 ? firstStride : 1 });
    }
  }
  return net.classify(net.relu6(net.convolution(layer, { channels: 1280, kernel: 1 })), 1000);
}

interface Block {
  readonly expansion: number;
  readonly channels: number;
  readonly stride: number;
}

function invertedResidual(net: ConvnetBuilder, input: Layer, { expansion, channels, stride }: Block): Layer {
  const hidden = input.channels * expansion;
  const wide = expansion === 1 ? input : net.relu6(net.convolution(input, { channels: hidden, kernel: 1 }));
  const deep = net.relu6(net.convolution(wide, { channels: hidden, kernel: 3, stride, groups: hidden }));
  const narrow = net.convolution(deep, { channels, kernel: 1 });
  return stride === 1 && input.channels === channels ? net.sum(input, narrow) : narrow;
}
