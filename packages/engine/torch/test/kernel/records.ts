// The table of kernels: every operation of native/ that computes something, with its reference.
import { adamStep } from "./adam.js";
import { denseLayer, silu } from "./dense.js";
import { convolution, groupNorm, packedConvolution } from "./image.js";
import { noise, noiseAt, noisePairs, strata } from "./random.js";
import type { KernelRecord } from "./record.js";
import { brownian, expProduct, sinkhorn } from "./transport.js";

/** Operations between processes, whose reference is in distributed.test.ts. */
export const collectives = ["all_reduce_", "broadcast_", "all_gather_", "wait_"];

export const records: readonly KernelRecord[] = [
  denseLayer(false),
  denseLayer(true),
  convolution,
  packedConvolution,
  groupNorm({ film: false, silu: true }),
  groupNorm({ film: true, silu: true }),
  groupNorm({ film: false, silu: false }),
  silu,
  brownian(true),
  brownian(false),
  expProduct,
  sinkhorn(1),
  sinkhorn(0.8),
  adamStep({ lr: 1e-3, betas: [0.9, 0.999], decay: 0, decoupled: false, average: 0.01 }),
  adamStep({ lr: 0.1, betas: [0.9, 0.999], decay: 0.1, decoupled: false, average: 0.1 }),
  adamStep({ lr: 0.01, betas: [0.3, 0.6], decay: 0.01, decoupled: true, average: 0.8 }),
  adamStep({ lr: 0.01, betas: [0.9, 0.999], decay: 0, decoupled: false, average: null }),
  noiseAt,
  noise,
  noisePairs,
  strata,
];
