import { autocast, nn, scaledDotProductAttention, type Tensor } from "@dsbm/torch";
import { pointwise, type Seeded, zeroed } from "./layers.js";

/** x [B, C, …] plus attention of each pixel to all pixels; heads of C/`heads` channels. */
export class AttentionBlock extends nn.Module {
  norm: nn.GroupNorm;
  qkv: nn.Conv1d;
  proj_out: nn.Conv1d;
  readonly heads: number;

  constructor(
    channels: number,
    { heads, groups, generator }: { heads: number; groups: number } & Seeded,
  ) {
    super();
    this.heads = heads;
    this.norm = new nn.GroupNorm(groups, channels);
    this.qkv = new nn.Conv1d(channels, 3 * channels, 1, { generator });
    this.proj_out = zeroed(new nn.Conv1d(channels, channels, 1, { generator }));
  }

  forward(x: Tensor): Tensor {
    const [n, c] = x.shape as [number, number];
    // The attention kernel needs channels next to each other: queries, keys, then values of each head.
    const { weight, bias } = this.qkv;
    const rows = this.norm.forward(x).reshape([n, c, -1]).transpose(1, 2).reshape([-1, c]);
    const [q, k, v] = nn
      .affine(this.qkv, rows, { weight: weight.reshape([3 * c, c]), bias })
      .reshape([n, -1, this.heads, 3, c / this.heads])
      .transpose(1, 2)
      .unbind({ dim: 3 }) as [Tensor, Tensor, Tensor];
    const attended = attention(q, k, v).transpose(1, 2).reshape([n, -1, c]);
    return pointwise(this.proj_out, attended.transpose(1, 2), this.proj_out)
      .reshape(x.shape)
      .add_(x);
  }
}

function attention(...parts: [Tensor, Tensor, Tensor]): Tensor {
  const [first] = parts;
  if (first.device !== "cpu" || first.dtype !== "bfloat16")
    return scaledDotProductAttention(...parts);
  const [q, k, v] = parts.map((x) => x.to("float32")) as typeof parts;
  return autocast(null, () => scaledDotProductAttention(q, k, v));
}
