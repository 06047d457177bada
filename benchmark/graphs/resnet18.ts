import { ConvnetBuilder, type Layer } from "./convnet-builder.ts";

/**
 * Returns ResNet-18 with seeded random weights: what it computes means nothing, what it costs is real.
 *
 * Shapes: image float32 [N, 3, 224, 224] → logits [N, 1000]. 11,684,712 parameters: the 11,689,512 of the
 * publication less one for each of 4,800 normalised channels, folded into the convolutions.
 *
 * @see pytorch/vision `torchvision/models/resnet.py`
 */
export function resnet18(seed = 18): Uint8Array<ArrayBuffer> {
  const net = new ConvnetBuilder(seed);
  let layer = net.relu(net.convolution(net.image, { channels: 64, kernel: 7, stride: 2 }));
  layer = net.maxPool(layer);
  for (const [channels, stride] of [
    [64, 1],
    [128, 2],
    [256, 2],
    [512, 2],
  ] as const) {
    layer = basicBlock(net, layer, channels, stride);
    layer = basicBlock(net, layer, channels, 1);
  }
  return net.classify(layer, 1000);
}

function basicBlock(net: ConvnetBuilder, input: Layer, channels: number, stride: number): Layer {
  const first = net.relu(net.convolution(input, { channels, kernel: 3, stride }));
  const second = net.convolution(first, { channels, kernel: 3 });
  const fits = stride === 1 && input.channels === channels;
  const shortcut = fits ? input : net.convolution(input, { channels, kernel: 1, stride });
  return net.relu(net.sum(second, shortcut));
}
