import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

/** x·sigmoid(x), element by element. */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return x.silu();
  }
}
/** Returns its input. */
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}
