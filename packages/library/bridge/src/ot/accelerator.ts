// Anderson's acceleration of fixed-point iterations on tensors; the engine's Sinkhorn kernel has its own.
import { cat, eye, type Tensor, tidy } from "@dsbm/torch";

const history = 8;

const growth = 4;
const damping = 1e-8;
const size = (f: Tensor): number => tidy(() => f.square().sum().item());

interface Seen {
  x: Tensor;
  f: Tensor;
  /** [q, n]: how x + f and f changed between iterates. */
  moves: Tensor | null;
  changes: Tensor | null;
}

/**
 * Combines the last iterates of x ← x + f(x) so that their changes cancel best, by least squares (type II, Walker
 * and Ni 2011); takes the plain iterate if the change has grown. Iterates are float64 [n].
 */
export class Accelerator {
  #seen: Seen | null = null;

  /** The next iterate [n] after x [n], whose change is f [n]. */
  next(x: Tensor, f: Tensor): Tensor {
    const before = this.#seen;
    // NaN compares false.
    if (before && !(size(f) <= growth * size(before.f))) {
      const plain = before.x.add(before.f);
      this.dispose();
      return plain;
    }
    const { next, seen } = tidy(() => {
      const plain = x.add(f);
      if (!before)
        return { next: plain, seen: { x: x.clone(), f: f.clone(), moves: null, changes: null } };
      const change = f.sub(before.f);
      const moves = appendRow(before.moves, x.sub(before.x).add_(change));
      const changes = appendRow(before.changes, change);
      const products = changes.mm(changes.t());
      // Damps what rounding makes singular.
      const size = products
        .trace()
        .mul(1e-14)
        .add(f.square().sum(), { alpha: damping })
        .add(1e-300);
      const damped = products.add(
        eye(products.size(0), { dtype: "float64", device: x.device }).mul(size),
      );
      const weights = damped.linalgSolve(changes.mv(f));
      return {
        next: plain.sub(moves.t().mv(weights)),
        seen: { x: x.clone(), f: f.clone(), moves, changes },
      };
    });
    this.dispose();
    for (const t of tensorsOf(seen)) t.keep();
    this.#seen = seen;
    return next;
  }

  dispose(): void {
    for (const t of this.#seen ? tensorsOf(this.#seen) : []) t.dispose();
    this.#seen = null;
  }
}

const tensorsOf = ({ x, f, moves, changes }: Seen): Tensor[] =>
  [x, f, moves, changes].filter((t) => t !== null);

function appendRow(rows: Tensor | null, row: Tensor): Tensor {
  const all = rows ? cat([rows, row.unsqueeze(0)]) : row.unsqueeze(0);
  const extra = all.size(0) - history;
  return extra > 0 ? all.slice({ start: extra }).clone() : all.clone();
}
