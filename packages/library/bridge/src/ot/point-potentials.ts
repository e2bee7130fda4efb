import { cat, noGrad, type Tensor, tidy, zeros } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { Accelerator } from "./accelerator.js";

const tolerance = 1e-3;
const mostIterations = 2000;

/** Potentials of entropic transport between points. */
export interface PointPotentials {
  /** Of rows, [n]; the plan is exp(x_i·y_j/ε + u_i + v_j)/(n·m). */
  u: Tensor;
  /** Of columns, [m]. */
  v: Tensor;
  /** Iterations until the end. */
  iterations: number;
  /** Total deviation of the row sums. */
  error: number;
}

const pairs = 2 ** 20;

type Sums = Record<"ofRows" | "ofColumns", (w: Tensor) => Tensor>;

/** −log of the mean over j of exp(x_i·y_j/ε + w_j), [n], for w [m]. */
function oppositePotential(x: Tensor, y: Tensor, epsilon: number): (w: Tensor) => Tensor {
  const across = y.t().div(epsilon).contiguous();
  const shift = Math.log(y.size(0));
  const sums = (logits: Tensor) => logits.logsumexp(1).rsub(shift);
  if (x.size(0) * y.size(0) <= pairs) {
    const products = x.mm(across);
    return (w) => tidy(() => sums(products.add(w)));
  }
  return (w) => {
    const parts = inBatches(x, Math.max(1, Math.floor(pairs / y.size(0))), (rows) =>
      tidy(() => sums(w.addmm(rows, across))),
    );
    return parts.length === 1 ? parts[0] : cat(parts);
  };
}

/**
 * Sinkhorn's potentials between points x [n, d] and y [m, d] for the cost ½|x − y|² (Cuturi 2013), in the log
 * domain. Carried from larger to smaller ε, the process's variance, since ε·u and ε·v barely change.
 */
export function pointPotentials(
  x: Tensor,
  y: Tensor,
  { epsilon }: { epsilon: number },
): PointPotentials {
  return noGrad(() =>
    tidy(() => {
      let u = zeros([x.size(0)], { device: x.device, dtype: x.dtype });
      const squares = y.square().sum(1);
      let v = squares.div(-2 * epsilon);
      let error = Number.POSITIVE_INFINITY;
      let done = 0;
      const iterate = (
        { ofRows, ofColumns }: Sums,
        next: (v: Tensor, change: Tensor) => Tensor,
      ) => {
        const made = tidy(() => {
          const rows = ofRows(v);
          const change = ofColumns(rows).sub(v);
          error = change.abs().amax().item();
          return { u: rows, v: next(v, change) };
        });
        for (const t of [u, v]) t.dispose();
        ({ u, v } = made);
        done++;
      };
      const sums = (eps: number): Sums => ({
        ofRows: oppositePotential(x, y, eps),
        ofColumns: oppositePotential(y, x, eps),
      });
      const plain = (from: Tensor, change: Tensor) => from.add(change);
      const spreadOf = (points: Tensor) => points.var({ dim: [0] }).sum();
      const scale = spreadOf(x).add(spreadOf(y)).item();
      const start = Math.max(epsilon, scale / 4);
      v = v.mul(epsilon / start);
      for (let eps = start; eps > epsilon; ) {
        const at = sums(eps);
        for (let k = 0; k < 5; k++) iterate(at, plain);
        const next = Math.max(epsilon, eps / 2);
        [u, v] = [u.mul(eps / next), v.mul(eps / next)];
        eps = next;
      }
      const isFar = () => error > tolerance && error > 1e-6 * v.abs().amax().item();
      const accelerator = new Accelerator();
      const double = (t: Tensor) => t.to({ dtype: "float64", device: "cpu" });
      const last = sums(epsilon);
      do
        iterate(last, (from, change) =>
          isFar()
            ? accelerator
                .next(double(from), double(change))
                .to({ dtype: x.dtype, device: x.device })
            : plain(from, change),
        );
      while (isFar() && done < mostIterations);
      accelerator.dispose();
      return { u: last.ofRows(v), v, iterations: done, error };
    }),
  );
}
