// Triangles and diagonals of matrices.
import { check } from "../errors.js";
import { define, run } from "../operation.js";
import { rowMajor, wrapDim } from "../shape.js";
import { allocate, type TensorImpl } from "../tensor.js";

const triangles: Readonly<Record<string, (i: number, j: number, k: number) => boolean>> = {
  tril: (i, j, k) => j - i <= k,
  triu: (i, j, k) => j - i >= k,
};
for (const [name, isIn] of Object.entries(triangles))
  define(
    `aten::${name}(Tensor self, int diagonal=0) -> Tensor`,
    (t: TensorImpl, diagonal: number) => {
      check(t.ndim >= 2, `${name}: input tensor must have at least 2 dimensions`);
      const out = run("clone", t);
      const [rows, columns] = t.shape.slice(-2);
      for (let at = 0; at < out.count; at++) {
        const i = Math.floor(at / columns) % rows;
        if (!isIn(i, at % columns, diagonal)) out.array[at] = 0;
      }
      return out;
    },
    { derivative: (_, __, diagonal) => (g) => [run(name, g, diagonal)] },
  );

define(
  "aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor",
  (t: TensorImpl, offset: number, dim1: number, dim2: number) => {
    check(t.ndim > 0, "diag_embed: expected at least one dimension");
    const a = wrapDim(dim1, t.ndim + 1);
    const b = wrapDim(dim2, t.ndim + 1);
    check(a !== b, `diagonal dimensions cannot be identical ${dim1}, ${dim2}`);
    const n = t.shape.at(-1)! + Math.abs(offset);
    const shape = [...t.shape.slice(0, -1)];
    for (const d of [a, b].sort((x, y) => x - y)) shape.splice(d, 0, n);
    const out = allocate(shape, t.dtype);
    out.strides = rowMajor(shape);
    out.array.fill(0);
    run("copy_", run("diagonal", out, offset, a, b), t);
    return out;
  },
  {
    derivative:
      (_, __, ...place) =>
      (g) => [run("diagonal", g, ...place)],
  },
);
