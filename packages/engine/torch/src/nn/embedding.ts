import { empty } from "../tensor/create.js";
import { embedding } from "../tensor/ops.generated.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { type InitOptions, normal_ } from "./init.js";
import { Module } from "./module.js";

/** Rows of `weight` [n, d] by index: int64 [..] → [.., d]; initial weights N(0, 1). */
export class Embedding extends Module {
  /** [n, d]. */
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options: InitOptions = {}) {
    super();
    this.weight = new Parameter(normal_(empty([numEmbeddings, embeddingDim]), 0, 1, options));
  }

  /** @throws {TorchError} for an index that is no row. */
  forward(indices: Tensor): Tensor {
    return embedding(this.weight, indices);
  }
}
