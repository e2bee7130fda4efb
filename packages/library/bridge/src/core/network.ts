// What a network is to a bridge.
import type { nn, Tensor } from "@dsbm/torch";
import type { Conditions } from "./conditions.js";

/** A function of points [B, …] and times [B], which may be conditioned. */
export interface Evaluated {
  forward(x: Tensor, t: Tensor, given?: Conditions): Tensor;
}

/** A module that is such a function. */
export type Network = nn.Module & Evaluated;
