// A network of fields with season and static fields as further channels, which neither reads nor moves cells without values.
import { type Conditions, type Network, partsAt } from "@dsbm/bridge";
import { Buffer, cat, nn, type Tensor, tensor } from "@dsbm/torch";

/** What a network of fields gets besides a field and the time. */
export interface FieldInputs {
  /** Whether the first number of a condition is the season, the passed share of the year. */
  season: boolean;
  /** Static planes, [S, H, W]. */
  planes: Float32Array;
  /** Cells with values, [C, H, W], each 0 or 1; null: all. */
  cells: Float32Array | null;
  /** Height and width of a field. */
  size: readonly [height: number, width: number];
}

/**
 * x [B, C, H, W], times [B], condition [B, k] (or [B, k, H, W]) → [B, C, H, W], 0 in cells without values. Each number of the
 * condition is a channel of one value. Sine and cosine of the season stand for its number, so that December is close to January. Parts of fields get their own parts of static planes.
 */
export class GridNetwork extends nn.Module {
  /** Gets all channels as its condition. */
  net: Network;
  /** Static planes [1, S, H, W]; null without any. */
  planes: Buffer | null;
  /** Cells with values, [1, C, H, W]; null: all. */
  cells: Buffer | null;
  readonly #season: boolean;

  /** `create` makes the network for `more` further channels of its condition. */
  constructor({ season, planes, cells, size }: FieldInputs, create: (more: number) => Network) {
    super();
    const constant = (values: Float32Array) =>
      new Buffer(
        tensor(values, { shape: [1, values.length / (size[0] * size[1]), ...size] }),
        false,
      );
    this.#season = season;
    this.planes = planes.length > 0 ? constant(planes) : null;
    this.cells = cells && constant(cells);
    this.net = create((season ? 1 : 0) + (this.planes?.size(1) ?? 0));
  }

  forward(x: Tensor, t: Tensor, { cond, window, ...others }: Conditions = {}): Tensor {
    const [n, , height, width] = x.shape as [number, number, number, number];
    const here = (constant: Tensor) =>
      window ? partsAt(constant, window, height) : constant.expand([n, -1, -1, -1]);
    const channels = [
      ...(cond ? [this.#channelsOf(cond, [height, width])] : []),
      ...(this.planes ? [here(this.planes)] : []),
    ];
    const all = channels.length > 0 && { cond: cat(channels, { dim: 1 }) };
    if (!this.cells) return this.net.forward(x, t, { ...others, ...all });
    const cells = window ? here(this.cells) : this.cells;
    return this.net.forward(x.mul(cells), t, { ...others, ...all }).mul(cells);
  }

  /** A condition [B, k] or [B, k, H, W] as channels [B, k or k + 1, H, W]. */
  #channelsOf(cond: Tensor, size: readonly [number, number]): Tensor {
    const numbers = this.#season ? withSeason(cond) : cond;
    if (numbers.ndim === 4) return numbers;
    return numbers
      .unsqueeze(2)
      .unsqueeze(3)
      .expand([-1, -1, ...size]);
  }
}

/** Sine and cosine of the season, and the other numbers of a condition [B, k, …]. */
function withSeason(cond: Tensor): Tensor {
  const angle = cond.narrow(1, 0, 1).mul(2 * Math.PI);
  const others = cond.size(1) - 1;
  const rest = others > 0 ? [cond.narrow(1, 1, others)] : [];
  return cat([angle.sin(), angle.cos(), ...rest], { dim: 1 });
}
