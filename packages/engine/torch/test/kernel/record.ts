// What the table of kernels knows of a kernel: inputs of several shapes, the kernel, and its reference in plain operations.
import type * as T from "../../src/index.js";

export type Sizes = readonly number[];

/** Inputs of one size, and two functions of them. */
export interface Problem {
  /** In the kernel's own dtype. Trained inputs require grad. */
  inputs: readonly T.Tensor[];
  /** Results of the kernel; it changes none of the inputs. */
  own(inputs: readonly T.Tensor[]): T.Tensor[];
  /** The same results by plain operations, of inputs in double precision. */
  exact(inputs: readonly T.Tensor[]): T.Tensor[];
}

/** What a call with another dtype gives: a result within an error, or a refusal. */
type Outcome = number | RegExp;

/** One kernel of native/. */
export interface KernelRecord {
  /** What it computes. */
  title: string;
  /** Its operations. */
  operations: readonly string[];
  make(size: Sizes): Problem;
  /** Sizes of less than a vector, of no multiple of one, and of several blocks. */
  sizes: readonly Sizes[];
  /** Relative error of results; 0 means equal bits. */
  within: number;
  /** Relative error of gradients; null if the kernel has none. */
  gradientWithin: number | null;
  /** What other dtypes give, of all inputs. */
  dtypes: Partial<Record<T.DType, Outcome>>;
}
