// A table of vectors, looked up by integers: classes, words, steps.

import { invalid } from "../binding/errors.js";
import { empty } from "../tensor/create.js";
import { noGrad } from "../tensor/grad.js";
import { embedding } from "../tensor/ops.generated.js";
import type { Generator } from "../tensor/random.js";
import { Parameter, type Tensor } from "../tensor/tensor.js";
import { normal_ } from "./init.js";
import { Module } from "./module.js";

export interface EmbeddingOptions {
  /** The row that starts as zeros and is not trained. */
  paddingIdx?: number | undefined;
  /** The stream of the initial weights; the default generator where it is not given. */
  generator?: Generator | undefined;
}

/** Rows of `weight` [n, d] by index: int64 [..] → [.., d]; initial weights N(0, 1). */
export class Embedding extends Module {
  weight: Parameter;
  readonly #paddingIdx: number | undefined;

  /** Throws a TorchError for a `paddingIdx` that is no row. */
  constructor(
    numEmbeddings: number,
    embeddingDim: number,
    { paddingIdx, generator }: EmbeddingOptions = {},
  ) {
    super();
    const row =
      paddingIdx !== undefined && paddingIdx < 0 ? paddingIdx + numEmbeddings : paddingIdx;
    if (row !== undefined && !(Number.isInteger(row) && row >= 0 && row < numEmbeddings))
      throw invalid(
        `Embedding: paddingIdx is ${paddingIdx}; expected a row of ${numEmbeddings}, that is ${-numEmbeddings} to ${numEmbeddings - 1}`,
      );
    this.#paddingIdx = row;
    this.weight = new Parameter(normal_(empty([numEmbeddings, embeddingDim]), 0, 1, { generator }));
    if (row !== undefined) noGrad(() => this.weight.select(0, row).zero_().dispose());
  }

  /** Throws a TorchError for an index that is no row. */
  forward(indices: Tensor): Tensor {
    const paddingIdx = this.#paddingIdx;
    return embedding(this.weight, indices, paddingIdx === undefined ? {} : { paddingIdx });
  }
}
