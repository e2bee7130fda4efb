// Noise of samples by counter: a function of the seed and a row's index.
import { hash32 } from "@dsbm/bridge";
import { type Device, noiseAt, type Tensor } from "@dsbm/torch";

interface NoiseRows {
  first: number;
  n: number;
}

interface NoiseOptions {
  seed: number;
  /** The key of the noise: other purposes have other streams. */
  purpose: string;
  device?: Device;
}

/** Draws for the rows of a range, one tensor [n, …] after the other, by counter (`noiseAt`). */
export class RowNoise {
  readonly #rows: NoiseRows;
  readonly #key: number;
  readonly #device: Device;
  #draws = 0;

  constructor(rows: NoiseRows, { seed, purpose, device = "cpu" }: NoiseOptions) {
    this.#rows = rows;
    this.#key = hash32(`${seed}/sample/${purpose}`);
    this.#device = device;
  }

  /** Standard normal numbers [n, …shape] of the next draw. */
  normal(shape: readonly number[]): Tensor {
    const { first, n } = this.#rows;
    const offset = first * shape.reduce((a, b) => a * b, 1);
    const place = { key: this.#key, stream: this.#draws++, offset };
    return noiseAt([n, ...shape], { ...place, device: this.#device });
  }
}
