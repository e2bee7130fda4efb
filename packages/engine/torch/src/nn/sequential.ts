import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

/** Modules that run one after the other. */
export class Sequential extends Module {
  readonly #modules: Module[];
  constructor(...modules: Module[]) {
    super();
    this.#modules = modules;
  }
  override *namedChildren(): Generator<[string, Module]> {
    for (const [i, module] of this.#modules.entries()) yield [String(i), module];
  }
  forward(x: Tensor): Tensor {
    return this.#modules.reduce((h, module) => module.forward(h), x);
  }
}
