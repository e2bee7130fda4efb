// Tensors that outlive a scope, and their end.
import { type Tensor, tidy } from "@dsbm/torch";

/** Frees tensors of any shapes; null and undefined are skipped. */
export function disposeAll(tensors: Iterable<Tensor | null | undefined>): void {
  for (const t of tensors) t?.dispose();
}

/** A copy of a tensor on the processor, of its shape, that outlives the current scope. The caller frees it. */
export const keepOnProcessor = (make: () => Tensor): Tensor =>
  tidy(() => make().to({ device: "cpu" }).clone().keep());

/** Tensors that are freed together. */
export class KeptTensors implements Disposable {
  readonly #tensors: Tensor[] = [];

  /** A copy [n, …] on the processor of what `make` returns. */
  readonly keep = (make: () => Tensor): Tensor => this.add(keepOnProcessor(make));

  /** Takes over a tensor of any shape. */
  add(tensor: Tensor): Tensor {
    this.#tensors.push(tensor);
    return tensor;
  }

  [Symbol.dispose](): void {
    disposeAll(this.#tensors);
  }
}
