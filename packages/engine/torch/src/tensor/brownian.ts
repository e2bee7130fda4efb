// Points of Brownian bridges by a kernel of our own: PyTorch makes a dozen passes.
import { invoke, Op } from "../binding/dispatch.js";
import type { Tensor } from "./tensor.js";

const op = new Op("dsbm::brownian_bridge", "");

/** Rows of Brownian bridges: their ends and standard normal noise [B, …], and times [B]. */
interface BridgeRows {
  x0: Tensor;
  x1: Tensor;
  t: Tensor;
  z: Tensor;
}

/**
 * Points [B, …] of Brownian bridges of variance σ² and their drifts towards x1 (backward: x0), float32 on the
 * processor; without gradients.
 * @throws {TorchError} for other dtypes and devices.
 */
export function brownianBridge(
  { x0, x1, t, z }: BridgeRows,
  { sigma, forward }: { sigma: number; forward: boolean },
): [x: Tensor, drift: Tensor] {
  return invoke(op, x0, x1, t, z, sigma, forward);
}
