// Compares tensors of our own kernel with tensors in double precision.
import { createHash } from "node:crypto";
import * as T from "../../src/index.js";

/** The largest difference. */
export const distance = (a: T.Tensor, b: T.Tensor) => a.sub(b).abs().amax().item();
/** The largest difference, as a part of the largest number. */
export const relativeError = (x: T.Tensor, exact: T.Tensor) =>
  x.to("float64").sub(exact).abs().amax().item() / exact.abs().amax().item();
export const inDouble = (x: T.Tensor) => x.detach().to("float64").requiresGrad_();
export const gradients = (y: T.Tensor, of: readonly T.Tensor[]) => T.grad([y], of) as T.Tensor[];
/** A digest of each tensor: to compare millions of elements one by one takes minutes. */
export const bits = (list: readonly T.Tensor[]) =>
  list.map((t) => `${t.shape} ${createHash("sha256").update(t.rawArray()).digest("hex")}`);
