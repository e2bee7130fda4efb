// Layers that several networks share: convolutions, SiLU in place, and 1×1 convolutions as matrix products, which take
// about half the time of a convolution, above all in the backward pass.
import { type Generator, gradEnabled, nn, type Tensor, tidy } from "@dsbm/torch";

/** The random stream of the initial weights. */
export interface Seeded {
  generator?: Generator | undefined;
}

/** What convolutions read beyond the edges: zeros, or the opposite side. */
type PaddingMode = "zeros" | "circular";

export interface Padded {
  paddingMode?: PaddingMode | undefined;
}

/** Sets a convolution to zero, so that the block around it starts as the identity. */
export function zeroed<T extends nn.Conv1d | nn.Conv2d>(conv: T): T {
  nn.init.zeros_(conv.weight);
  if (conv.bias) nn.init.zeros_(conv.bias);
  return conv;
}

/** A 3×3 convolution that keeps the size. */
export function conv3x3(from: number, to: number, options: Seeded & Padded): nn.Conv2d {
  const { generator, paddingMode = "zeros" } = options;
  return new nn.Conv2d(from, to, 3, { padding: 1, paddingMode, generator });
}

/** SiLU of a tensor that is not used elsewhere: without gradients it is overwritten. */
export function silu(x: Tensor): Tensor {
  return gradEnabled() ? x.silu() : x.silu_();
}

/** The result of a part of a network; without gradients, the tensors in between are freed at once. */
export function scoped(part: () => Tensor): Tensor {
  return gradEnabled() ? part() : tidy(part);
}

/** h [B, C, H, W], not used elsewhere and overwritten, plus a number for each channel from the embedding [B, e]. */
export function addEmbedding(h: Tensor, dense: nn.Linear, emb: Tensor): Tensor {
  const shift = dense.forward(emb);
  return h.add_(shift.reshape([...shift.shape, 1, 1]));
}

/** The same image with its channels next to each other in memory, as kernels of convolutions and norms want them. */
export function channelsLast(x: Tensor): Tensor {
  return x.to({ memoryFormat: "channelsLast" });
}

/**
 * W x + b for every pixel: weight [to, from, 1, …] of a layer, bias [to], x [B, from, …] → [B, to, …]. Images that are
 * channels-last are rows as they are.
 */
export function pointwise(
  layer: nn.Module,
  x: Tensor,
  { weight, bias }: { weight: Tensor; bias: Tensor | null },
): Tensor {
  const [n, from, ...size] = x.shape as [number, number, ...number[]];
  const to = weight.size(0);
  const rows = x.reshape([n, from, -1]).transpose(1, 2).reshape([-1, from]);
  const out = nn.affine(layer, rows, { weight: weight.reshape([to, from]), bias });
  return out
    .reshape([n, -1, to])
    .transpose(1, 2)
    .reshape([n, to, ...size]);
}

/** A 1×1 convolution with bias: [B, from, H, W] → [B, to, H, W]; parameters of Conv2d. */
export class PointwiseConv2d extends nn.Conv2d {
  constructor(from: number, to: number, { generator }: Seeded = {}) {
    super(from, to, 1, { generator });
  }
  override forward(x: Tensor): Tensor {
    return pointwise(this, x, this);
  }
}
