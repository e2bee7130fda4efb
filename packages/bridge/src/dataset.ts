// What training needs of data: two tables of samples. They need not be paired, nor equally long.
import { type Generator, type Tensor, tidy } from "@dsbm/torch";
import { BridgeError } from "./errors.js";

/** Samples of the two ends, each [n, …] with the same shape of one sample. */
export interface Endpoints {
  x0: Tensor;
  x1: Tensor;
}

/**
 * Rows of a table [B, …] as a network sees them: bytes of pictures to numbers, mirrored at random, or noise in
 * the place of rows that only say how many there are. Random numbers come from `generator` alone.
 */
export type Decode = (rows: Tensor, at: { end: "x0" | "x1"; generator: Generator }) => Tensor;

/** The published parts of a data set. */
export type Split = "train" | "test";

/** A class of images: its label as published, and its name. */
export interface ImageClass {
  readonly label: number;
  readonly name: string;
}

/** One split of an image set: samples as they are stored, to be decoded a batch at a time. */
export interface ImageTable {
  /** The configuration name, subset included: "mnist_2". */
  readonly name: string;
  readonly split: Split;
  /** Where the samples come from, for logs: a folder, a file, or "drawn". */
  readonly source: string;
  /** [n, C, H, W], in memory or mapped: uint8 as stored (0–255), or float32 as networks see it. */
  readonly x: Tensor;
  /**
   * The order in which samples are to be looked at where few of them are, int64 [n], for tables that lie sorted on
   * disk; left out where the order they lie in will do.
   */
  readonly order?: Tensor;
  /** One label a sample as published, int64 [n]; null where there are none. */
  readonly labels: Tensor | null;
  /** The classes that the table holds, by rising label; empty where there are no labels. */
  readonly classes: readonly ImageClass[];
  /** What networks see beside each sample, float32 [n, C′, H, W]; null where there is nothing. */
  readonly condition: Tensor | null;
  /** Whether training mirrors each image of a batch left to right with probability ½. */
  readonly flip: boolean;
}

/** Throws a BridgeError unless both ends have samples of one shape, all finite. */
export function checkEndpoints({ x0, x1 }: Endpoints, what = "data"): void {
  const [a, b] = [x0.shape, x1.shape];
  if (a.length < 2 || b.length < 2)
    throw new BridgeError("data", `${what}: expected samples [n, …], got shapes [${a}] and [${b}]`);
  if (`${a.slice(1)}` !== `${b.slice(1)}`)
    throw new BridgeError(
      "data",
      `${what}: samples of x0 have shape [${a.slice(1)}], those of x1 [${b.slice(1)}]; a bridge needs the same shape on both ends`,
    );
  if (a[0] === 0 || b[0] === 0)
    throw new BridgeError("data", `${what}: there are no samples (${a[0]} and ${b[0]})`);
  for (const [name, x] of [
    ["x0", x0],
    ["x1", x1],
  ] as const) {
    if (!tidy(() => x.isfinite().all().item()))
      throw new BridgeError("data", `${what}: ${name} has values that are NaN or infinite`);
  }
}
