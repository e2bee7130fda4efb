// Noise as a function of the seed and a sample's place in the input, whatever is simulated together: a stream for each
// block of rows of a fixed size, drawn on the processor for every device.
import { hash32 } from "@dsbm/bridge";
import { cat, type Device, Generator, randn, type Tensor, tidy } from "@dsbm/torch";

/** Rows [first, first + n) of an input. */
export interface RowRange {
  first: number;
  n: number;
  /** Rows of a block. */
  block: number;
}

export interface NoiseOptions {
  seed: number;
  /** What the noise is for: other purposes have other streams. */
  purpose: string;
  device?: Device;
}

/** The rows of a block that a range has. */
interface BlockStream {
  generator: Generator;
  /** Rows of the block before those wanted, and how many are wanted. */
  skip: number;
  rows: number;
}

/** Draws for the rows of a range, one tensor [n, …] after the other. */
export class RowNoise {
  readonly #streams: BlockStream[] = [];
  readonly #block: number;
  readonly #device: Device;

  constructor({ first, n, block }: RowRange, { seed, purpose, device = "cpu" }: NoiseOptions) {
    this.#block = block;
    this.#device = device;
    // The seeds of blocks follow one another, so that no two blocks of an input share one.
    const base = hash32(`${seed}/sample/${purpose}`);
    for (let at = first; at < first + n; ) {
      const index = Math.floor(at / block);
      const skip = at - index * block;
      const rows = Math.min(block - skip, first + n - at);
      this.#streams.push({ generator: Generator.create((base + index) % 2 ** 32), skip, rows });
      at += rows;
    }
  }

  /** One draw for every row: whole blocks are drawn, and the rows that are not wanted left out. */
  draw(draw: (rows: number, generator: Generator) => Tensor): Tensor {
    return tidy(() =>
      cat(
        this.#streams.map(({ generator, skip, rows }) =>
          draw(this.#block, generator).narrow(0, skip, rows),
        ),
      ).to({ device: this.#device }),
    );
  }

  /** Standard normal noise [n, …shape]. */
  normal(shape: readonly number[]): Tensor {
    return this.draw((rows, generator) => randn([rows, ...shape], { generator }));
  }
}
