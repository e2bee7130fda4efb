// The pieces that the blocks of a UNet share.
import { type Generator, gradEnabled, nn, type Tensor } from "@dsbm/torch";

/** The stream of the initial weights. */
export interface Seeded {
  generator?: Generator | undefined;
}

/** A convolution that starts as zero, so that the block around it starts as the identity. */
export function zeroed<T extends nn.Conv1d | nn.Conv2d>(conv: T): T {
  nn.init.zeros_(conv.weight);
  if (conv.bias) nn.init.zeros_(conv.bias);
  return conv;
}

/** What convolutions see beyond the edges: zeros, or the other side. */
export type PaddingMode = "zeros" | "circular";

export interface Padded {
  paddingMode?: PaddingMode | undefined;
}

/** A 3×3 convolution that keeps the size. */
export function conv3x3(from: number, to: number, options: Seeded & Padded): nn.Conv2d {
  const { generator, paddingMode = "zeros" } = options;
  return new nn.Conv2d(from, to, 3, { padding: 1, paddingMode, generator });
}

/** SiLU of a tensor that nobody else holds; where no gradient will ask for what it was, in its place. */
export function silu(fresh: Tensor): Tensor {
  return gradEnabled() ? fresh.silu() : fresh.silu_();
}
