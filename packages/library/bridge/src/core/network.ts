import type { nn, Tensor } from "@dsbm/torch";
import type { Conditions } from "./conditions.js";

/** A function of points [B, …], times [B] and conditions. */
export interface Evaluated {
  forward(x: Tensor, t: Tensor, conditions?: Conditions): Tensor;
}

/** A module that predicts from points and times. */
export type Network = nn.Module & Evaluated;
