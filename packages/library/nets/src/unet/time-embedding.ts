import { arange, Buffer, cat, nn, type Tensor, tidy } from "@dsbm/torch";

/** t [B] → [B, 2k]: cosines of t·ωᵢ, then sines (or the reverse with `sineFirst`). */
export class Sinusoids extends nn.Module {
  readonly frequencies: Buffer;
  readonly #sineFirst: boolean;
  constructor(frequencies: Tensor, { sineFirst = false }: { sineFirst?: boolean } = {}) {
    super();
    this.frequencies = new Buffer(frequencies, false);
    this.#sineFirst = sineFirst;
  }
  forward(t: Tensor): Tensor {
    const angles = t.reshape([-1, 1]).mul(this.frequencies);
    const c = angles.cos();
    const s = angles.sin();
    return cat(this.#sineFirst ? [s, c] : [c, s], { dim: 1 });
  }
}

/** t [B] → [B, dim] with ωᵢ = 10000^(−i/(half − 1)); an odd last column is 0. */
export class TimeEmbedding extends Sinusoids {
  constructor(
    private readonly dim: number,
    options: { sineFirst?: boolean } = {},
  ) {
    const half = Math.floor(dim / 2);
    const exponents = () =>
      arange(0, half)
        .mul(-Math.log(10000))
        .div(half - 1);
    super(
      tidy(() => exponents().exp()),
      options,
    );
  }
  override forward(t: Tensor): Tensor {
    const waves = super.forward(t);
    return this.dim % 2 === 0 ? waves : cat([waves, t.newZeros([t.numel, 1])], { dim: 1 });
  }
}
