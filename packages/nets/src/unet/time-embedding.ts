// The sinusoidal embedding of the time, as diffusion models embed their step.
import { arange, Buffer, cat, nn, type Tensor, tidy } from "@dsbm/torch";

/**
 * t [B] → [B, dim]: the cosines of t·ωᵢ, then the sines (the other way round with `sineFirst`),
 * ωᵢ = 10000^(−i/(half − 1)); an odd last column is 0.
 */
export class TimeEmbedding extends nn.Module {
  readonly frequencies: Buffer;
  readonly #sineFirst: boolean;
  constructor(
    private readonly dim: number,
    { sineFirst = false }: { sineFirst?: boolean } = {},
  ) {
    super();
    this.#sineFirst = sineFirst;
    const half = Math.floor(dim / 2);
    this.frequencies = tidy(() => {
      const exponents = arange(0, half)
        .mul(-Math.log(10000))
        .div(half - 1);
      return new Buffer(exponents.exp(), false);
    });
  }
  forward(t: Tensor): Tensor {
    const angles = t.reshape([-1, 1]).mul(this.frequencies);
    const columns = this.#sineFirst ? [angles.sin(), angles.cos()] : [angles.cos(), angles.sin()];
    if (this.dim % 2 === 1) columns.push(t.newZeros([t.numel, 1]));
    return cat(columns, { dim: 1 });
  }
}
