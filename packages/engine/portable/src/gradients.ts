import { tensorsOf } from "./doors.js";
import { fail } from "./errors.js";
import { box, boxOf, drop, unbox } from "./handles.js";
import type { External, Native } from "./native.js";
import { noteGradient } from "./record.js";
import { toBool } from "./schema.js";
import { isSameShape } from "./shape.js";
import { checkDifferentiable, edgeOf, TapeNode } from "./tape.js";
import { viewOf } from "./tensor.js";

/**
 * Sets the gradient of a leaf, or clears it.
 * @throws {TorchError} `ERR_TORCH_VALUE` for another shape or dtype.
 */
export function setGrad(t: External, grad: External | null): void {
  const leaf = unbox(t, "grad");
  const g = grad === null ? null : unbox(grad, "grad");
  if (g && (!isSameShape(g.shape, leaf.shape) || g.dtype !== leaf.dtype))
    fail("ERR_TORCH_VALUE", "grad: a gradient has the shape, dtype and device of its tensor");
  noteGradient(leaf);
  leaf.grad = g;
}

/**
 * Whether autograd follows a tensor, after `on` is set.
 * @throws {TorchError} `ERR_TORCH`
 */
export function requiresGrad(t: External, on?: boolean): boolean {
  const impl = unbox(t, "requiresGrad");
  if (on !== undefined) {
    if (toBool(on, "requiresGrad")) checkDifferentiable(impl.dtype);
    if (impl.history && !on)
      fail("ERR_TORCH", "you can only change requires_grad flags of leaf variables.");
    if (!impl.history) impl.isLeafWithGradient = on;
  }
  return impl.requiresGrad;
}

/** A tensor whose gradients JavaScript computes. */
export const scriptedTensor: Native["scripted"] = (output, inputs, parameters, drawn, backward) => {
  const result = unbox(output, "checkpoint: the result");
  const y = viewOf(result, result.shape, result.strides);
  const kept = tensorsOf(inputs, "checkpoint: inputs");
  const all = [...kept, ...tensorsOf(parameters, "checkpoint: parameters")];
  const saved = [...kept, ...tensorsOf(drawn, "checkpoint: draws")].map((t) => ({
    t,
    version: t.storage.version,
  }));
  const edges = all.map(edgeOf);
  const meta = all.map(({ shape, dtype }) => ({ shape, dtype }));
  y.base = null;
  y.history = new TapeNode("Scripted", edges, meta, 1, ([g]) => {
    for (const { t, version: before } of saved)
      if (t.storage.version !== before)
        fail(
          "ERR_TORCH",
          "one of the variables needed for gradient computation has been modified by an inplace operation",
        );
    const gradients = backward(
      box(g!),
      saved.map(({ t }) => box(t)),
      edges.map(Boolean),
    );
    return gradients.map((handle) => {
      if (handle === null) return null;
      const t = unbox(handle, "checkpoint");
      drop(boxOf(handle, "checkpoint"));
      return t;
    });
  });
  return box(y);
};
