import { invoke, Op } from "../binding/dispatch.js";
import { refusedOption } from "../binding/errors.js";
import { ones, zeros } from "../tensor/create.js";
import { gradEnabled } from "../tensor/grad.js";
import { groupNorm } from "../tensor/ops.generated.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

/** Normalises each sample's groups of channels, then scales and shifts: [B, C, …] → the same; weight [C], bias [C]. */
export class GroupNorm extends Module {
  /** Scale of each channel, [C]; initially 1. */
  weight: Parameter;
  /** Shift of each channel, [C]; initially 0. */
  bias: Parameter;
  /** A divisor of C. */
  readonly numGroups: number;
  /** Added to each variance. */
  readonly eps: number;

  /** @throws {TorchError} unless the groups divide the channels. */
  constructor(numGroups: number, numChannels: number, { eps = 1e-5 }: { eps?: number } = {}) {
    super();
    if (!(Number.isInteger(numGroups) && numGroups > 0 && numChannels % numGroups === 0))
      throw refusedOption(
        `GroupNorm: ${numGroups} groups for ${numChannels} channels; expected a divisor of the channels`,
      );
    this.numGroups = numGroups;
    this.eps = eps;
    this.weight = new Parameter(ones([numChannels]));
    this.bias = new Parameter(zeros([numChannels]));
  }

  forward(x: Tensor): Tensor {
    const { weight, bias, eps } = this;
    return this.#fused(x, false) ?? groupNorm(x, this.numGroups, { weight, bias, eps });
  }

  /**
   * SiLU of `forward(x)`, x [B, C, …]; with film [B, 2C] = [scale, shift] of forward(x)·(1 + scale) + shift (Perez et al.
   * 2018).
   */
  silu(x: Tensor, film?: Tensor): Tensor {
    const whole = this.#fused(x, true, film);
    if (whole) return whole;
    const y = this.forward(x);
    if (!film) return gradEnabled() ? y.silu() : y.silu_();
    const [scale, shift] = film
      .reshape([...film.shape, ...x.shape.slice(2).map(() => 1)])
      .chunk(2, { dim: 1 });
    return y.mul(scale.add(1)).add(shift).silu();
  }

  #fused(x: Tensor, silu: boolean, film?: Tensor): Tensor | null {
    const { weight, bias, numGroups, eps } = this;
    const isImage = x.ndim === 4 && x.device === "cpu" && x.numel > x.size(0) * x.size(1);
    const isFloat = x.dtype === "float32" || x.dtype === "bfloat16";
    if (!isImage || !isFloat || weight.dtype !== "float32") return null;
    return (
      invoke(groupNormSiluOp, x, weight, bias, film, numGroups, eps, silu) as [Tensor, Tensor]
    )[0];
  }
}

const groupNormSiluOp = new Op("dsbm::group_norm_silu", "");
