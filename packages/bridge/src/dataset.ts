// What training needs of data: two tables of samples. They need not be paired, nor equally long.
import { type Tensor, tidy } from "@dsbm/torch";
import { BridgeError } from "./errors.js";

/** Samples of the two ends, each [n, …] with the same shape of one sample. */
export interface Endpoints {
  x0: Tensor;
  x1: Tensor;
}

/** Throws a BridgeError unless both ends have samples of one shape, all finite. */
export function checkEndpoints({ x0, x1 }: Endpoints, what = "data"): void {
  const [a, b] = [x0.shape, x1.shape];
  if (a.length < 2 || b.length < 2)
    throw new BridgeError("data", `${what}: expected samples [n, …], got shapes [${a}] and [${b}]`);
  if (`${a.slice(1)}` !== `${b.slice(1)}`)
    throw new BridgeError(
      "data",
      `${what}: samples of x0 have shape [${a.slice(1)}], those of x1 [${b.slice(1)}]; a bridge needs the same shape on both ends`,
    );
  if (a[0] === 0 || b[0] === 0)
    throw new BridgeError("data", `${what}: there are no samples (${a[0]} and ${b[0]})`);
  for (const [name, x] of [
    ["x0", x0],
    ["x1", x1],
  ] as const) {
    if (!tidy(() => x.isfinite().all().item()))
      throw new BridgeError("data", `${what}: ${name} has values that are NaN or infinite`);
  }
}
