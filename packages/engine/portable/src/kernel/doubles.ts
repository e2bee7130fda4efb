// Fast products of matrices in float64: blocks of both factors are packed into the scratch memory.
import type { TensorImpl } from "../tensor.js";
import { doublesAt, openScratch, roundUp, takeScratch, wasm } from "./wasm.js";

/** Products of fewer multiplications are quick without packing. */
const fewMultiplications = 4096;
/** Rows of the first factor and the length of sums in a block. */
const mostOf = { rows: 64, inner: 256 };

/** A block of a matrix: from `first` on, `count` rows. */
interface BlockPart {
  first: number;
  count: number;
}

/**
 * Packs columns `rows` of a matrix [k, n], of k in `inner`, into panels [n / 4][k][4]; missing columns are 0. With `t` transposed these
 * are strips of rows.
 */
function pack(
  to: Float64Array,
  t: TensorImpl,
  inner: BlockPart,
  outer: BlockPart,
  axis: 0 | 1,
): void {
  const x = t.array;
  const along = t.strides[1 - axis];
  const across = t.strides[axis];
  const length = 4 * inner.count;
  for (let j = 0; j < roundUp(outer.count, 4); j++) {
    const start = (j >> 2) * length + (j & 3);
    const from = t.offset + inner.first * along + (outer.first + j) * across;
    const isThere = j < outer.count;
    for (let p = 0; p < inner.count; p++) to[start + 4 * p] = isThere ? x[from + p * along] : 0;
  }
}

/** out ← factor C + beta out, for rows of out from `first` on. */
function addBlock(
  out: TensorImpl,
  c: Float64Array,
  { first, count }: BlockPart,
  factors: Factors,
): void {
  const n = out.shape[1];
  const width = roundUp(n, 4);
  const [row, step] = out.strides;
  const { alpha, beta } = factors;
  const z = out.array;
  for (let i = 0; i < count; i++)
    for (let j = 0; j < n; j++) {
      const at = out.offset + (first + i) * row + j * step;
      z[at] = alpha * c[i * width + j] + (beta === 0 ? 0 : beta * z[at]);
    }
}

interface Factors {
  alpha: number;
  beta: number;
}

/** out = alpha a b + beta out of matrices [m, k] and [k, n]. Returns false if there is no kernel for them. */
export function multiplyInDoubles(
  out: TensorImpl,
  a: TensorImpl,
  b: TensorImpl,
  { alpha, beta }: Factors,
): boolean {
  const [m, k] = a.shape;
  const n = b.shape[1];
  if (![out, a, b].every(({ dtype }) => dtype === "float64")) return false;
  if (m * n * k < fewMultiplications) return false;
  const width = roundUp(n, 4);
  const rows = Math.min(mostOf.rows, roundUp(m, 4));
  const inner = Math.min(mostOf.inner, k);
  openScratch(2 * (inner * (width + rows) + rows * width));
  const panels = takeScratch(2 * inner * width);
  const strips = takeScratch(2 * inner * rows);
  const block = takeScratch(2 * rows * width);
  for (let p = 0; p < k; p += inner) {
    const part = { first: p, count: Math.min(inner, k - p) };
    pack(doublesAt(panels, inner * width), b, part, { first: 0, count: n }, 1);
    for (let i = 0; i < m; i += rows) {
      const range = { first: i, count: Math.min(rows, m - i) };
      pack(doublesAt(strips, inner * rows), a, part, range, 0);
      wasm.multiplyDoubles(
        strips,
        panels,
        block,
        Math.ceil(range.count / 4),
        width / 4,
        part.count,
      );
      addBlock(out, doublesAt(block, rows * width), range, { alpha, beta: p === 0 ? beta : 1 });
    }
  }
  return true;
}
