// The cost of the plans used in training: squared Euclidean distance between samples of any shape.
import { type Tensor, tidy } from "@dsbm/torch";

/** |x0_i − x1_j|² for x0 [n, …], x1 [m, …]: float64 [n, m], computed by differences of inner products. */
export function squaredDistances(x0: Tensor, x1: Tensor): Tensor {
  return tidy(() => distances(x0, x1));
}

function distances(x0: Tensor, x1: Tensor): Tensor {
  const [a, b] = [
    x0.flatten({ startDim: 1 }).to("float64"),
    x1.flatten({ startDim: 1 }).to("float64"),
  ];
  const cross = a.mm(b.t());
  return a
    .square()
    .sum(1, { keepdim: true })
    .add(b.square().sum(1))
    .sub(cross, { alpha: 2 })
    .clamp({ min: 0 });
}
