// Noise as a function of the seed and a sample's place in the input, whatever is simulated beside it: a stream for
// each block of rows of a fixed size, drawn on the processor for every device.
import { hash32 } from "@dsbm/bridge";
import { cat, type Device, Generator, randn, type Tensor, tidy } from "@dsbm/torch";

/** The seeds of blocks follow one another, so that no two blocks of an input share one. */
const seedOf = (seed: number, purpose: string, block: number): number =>
  (hash32(`${seed}/sample/${purpose}`) + block) % 2 ** 32;

/** Rows [first, first + n) of an input, and the blocks that they lie in. */
export interface RowRange {
  first: number;
  n: number;
  /** Rows of a block. */
  block: number;
}

/** The stream of a block. */
export interface BlockStream {
  generator: Generator;
  /** Rows of the block before those wanted, and how many are wanted. */
  skip: number;
  rows: number;
}

/** A stream for each block of a range. */
export function blockStreams(
  { first, n, block }: RowRange,
  { seed, purpose }: { seed: number; purpose: string },
): BlockStream[] {
  const streams: BlockStream[] = [];
  for (let at = first; at < first + n; ) {
    const index = Math.floor(at / block);
    const skip = at - index * block;
    const rows = Math.min(block - skip, first + n - at);
    streams.push({ generator: Generator.create(seedOf(seed, purpose, index)), skip, rows });
    at += rows;
  }
  return streams;
}

/** One draw for every row of the streams: whole blocks are drawn, and the rows that are not wanted left out. */
export function drawRows(
  streams: readonly BlockStream[],
  block: number,
  draw: (rows: number, generator: Generator) => Tensor,
): Tensor {
  return tidy(() =>
    cat(streams.map(({ generator, skip, rows }) => draw(block, generator).narrow(0, skip, rows))),
  );
}

/** Standard normal noise of a range, one [n, …shape] after the other. */
export class RowNoise {
  readonly #streams: BlockStream[];
  constructor(
    readonly range: RowRange,
    readonly shape: readonly number[],
    { seed, purpose, device }: { seed: number; purpose: string; device: Device },
  ) {
    this.#streams = blockStreams(range, { seed, purpose });
    this.#device = device;
  }
  readonly #device: Device;

  next(): Tensor {
    return tidy(() =>
      drawRows(this.#streams, this.range.block, (rows, generator) =>
        randn([rows, ...this.shape], { generator }),
      ).to({ device: this.#device }),
    );
  }
}
