// Self-attention between the pixels of a coarse image.
import { nn, scaledDotProductAttention, type Tensor } from "@dsbm/torch";
import { type Seeded, zeroed } from "./layers.js";
import { columns } from "./pointwise.js";

/** x [B, C, …] plus what each pixel gathers from all others; heads of C/`heads` channels. */
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
    const pixels = x.reshape([n, c, -1]);
    // Rows of channels, so that the attention's kernel finds each pixel's numbers side by side. The channels of
    // each head: first its queries, then its keys, then its values.
    const { weight, bias } = this.qkv;
    const rows = this.norm.forward(pixels).transpose(1, 2);
    const matrix = weight
      .reshape([1, 3 * c, c])
      .transpose(1, 2)
      .expand([n, c, 3 * c]);
    const [q, k, v] = (bias as Tensor)
      .baddbmm(rows, matrix)
      .reshape([n, -1, this.heads, 3, c / this.heads])
      .transpose(1, 2)
      .unbind({ dim: 3 }) as [Tensor, Tensor, Tensor];
    const gathered = scaledDotProductAttention(q, k, v).transpose(1, 2).reshape([n, -1, c]);
    const out = columns(this.proj_out, gathered.transpose(1, 2));
    return out.add_(pixels).reshape(x.shape);
  }
}
