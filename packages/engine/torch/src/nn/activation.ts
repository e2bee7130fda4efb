// Activations as modules, for use in Sequential; each is the tensor method of the same name.
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return x.silu();
  }
}
export class Identity extends Module {
  forward(x: Tensor): Tensor {
    return x;
  }
}
