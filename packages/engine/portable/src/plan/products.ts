// Products of matrices and layers in planned memory.
import { panelNumbers, stripNumbers } from "../kernel/vectorised.js";
import type { TensorImpl } from "../tensor.js";
import {
  addressOf,
  isDense,
  isPlanned,
  type KernelCall,
  type KernelMaker,
  type Workspace,
} from "./kernel.js";
import { programMemory } from "./memory.js";

/** A matrix in memory: strides in bytes. */
interface MatrixPlace {
  address: number;
  row: number;
  column: number;
}

const matrixOf = (t: TensorImpl): MatrixPlace => ({
  address: addressOf(t),
  row: 4 * t.strides[0],
  column: 4 * t.strides[1],
});
const transposeOf = ({ address, row, column }: MatrixPlace): MatrixPlace => ({
  address,
  row: column,
  column: row,
});

const isMatrix = (t: unknown): t is TensorImpl => isPlanned(t) && t.ndim === 2;

interface ProductSizes {
  m: number;
  n: number;
  k: number;
}

/** Numbers of both packed factors. */
const productNumbers = ({ n, k }: Omit<ProductSizes, "m">) => stripNumbers(k) + panelNumbers(k, n);

/** Where sums begin: 0 with nothing, 1 with a row, 2 with the result. */
type FirstSum = readonly [code: 0 | 1 | 2, bias: number];

/** out [m, n] = a [m, k] b [k, n], in rows without gaps. */
function product(
  [a, b]: readonly [MatrixPlace, MatrixPlace],
  out: number,
  { m, n, k }: ProductSizes,
  workspace: Workspace,
  [code, bias]: FirstSum = [0, 0],
): KernelCall {
  const strips = workspace(productNumbers({ n, k }));
  const panels = strips + 4 * stripNumbers(k);
  const { packPanels, multiplyPanels } = programMemory.wasm;
  return () => {
    packPanels(b.address, b.row, b.column, panels, k, n);
    multiplyPanels(a.address, a.row, a.column, panels, strips, out, 4 * n, m, n, k, code, bias);
  };
}

const mm: KernelMaker = ([a, b], [out], workspace) => {
  if (!isMatrix(a) || !isMatrix(b) || !isDense(out)) return null;
  const sizes = { m: a.shape[0], n: b.shape[1], k: a.shape[1] };
  return product([matrixOf(a), matrixOf(b)], addressOf(out), sizes, workspace);
};

const addmm: KernelMaker = ([self, a, b, beta, alpha], [out], workspace) => {
  if (!isDense(self) || !isMatrix(a) || !isMatrix(b) || !isDense(out)) return null;
  if (Number(beta) !== 1 || Number(alpha) !== 1) return null;
  const sizes = { m: a.shape[0], n: b.shape[1], k: a.shape[1] };
  const isRow = self.ndim === 1 && self.count === sizes.n;
  if (!isRow && self.count !== out.count) return null;
  const to = addressOf(out);
  const from = addressOf(self);
  const start: FirstSum = isRow ? [1, from] : [2, 0];
  const work = product([matrixOf(a), matrixOf(b)], to, sizes, workspace, start);
  if (isRow) return work;
  const { copyRows } = programMemory.wasm;
  return () => {
    copyRows(from, 0, to, 0, 1, out.count);
    work();
  };
};

const denseLayer: KernelMaker = ([x, weight, bias, silu], [y, slope], workspace) => {
  if (!isMatrix(x) || !isMatrix(weight) || !isDense(bias) || !isDense(y)) return null;
  const sizes = { m: x.shape[0], n: weight.shape[0], k: x.shape[1] };
  const to = addressOf(y);
  const factors = [matrixOf(x), transposeOf(matrixOf(weight))] as const;
  const work = product(factors, to, sizes, workspace, [1, addressOf(bias)]);
  if (silu !== true) return work;
  const slopes = isDense(slope) ? addressOf(slope) : 0;
  const { activateRows } = programMemory.wasm;
  return () => {
    work();
    activateRows(to, slopes, y.count);
  };
};

const denseBackward: KernelMaker = (args, results, workspace) => {
  const [g, x, weight, slope, silu, ofInput, ofWeight] = args;
  const [toInput, toWeight, toBias] = results;
  if (!isDense(g) || !isMatrix(x) || !isMatrix(weight) || (silu && !isDense(slope))) return null;
  if (results.some((t) => t && !isDense(t))) return null;
  const [m, n] = g.shape;
  const k = x.shape[1];
  const room = Math.max(productNumbers({ k: n, n: k }), productNumbers({ k: m, n: k }));
  const space = workspace(room + g.count);
  const before = silu ? space + 4 * room : addressOf(g);
  const gradient = { address: before, row: 4 * n, column: 4 };
  const { combineElements, sumRows } = programMemory.wasm;
  const works: KernelCall[] = [];
  const from = addressOf(g);
  const factor = silu ? addressOf(slope as TensorImpl) : 0;
  if (silu) works.push(() => combineElements(1, from, factor, before, m * n, 0, 16));
  if (ofInput && toInput) {
    const factors = [gradient, matrixOf(weight)] as const;
    works.push(product(factors, addressOf(toInput), { m, n: k, k: n }, workspace));
  }
  if (ofWeight && toWeight) {
    const factors = [transposeOf(gradient), matrixOf(x)] as const;
    works.push(product(factors, addressOf(toWeight), { m: n, n: k, k: m }, workspace));
  }
  if (toBias) {
    const sums = addressOf(toBias);
    works.push(() => sumRows(before, sums, m, n));
  }
  return () => {
    for (const work of works) work();
  };
};

/** Kernels of products by the names of operations. */
export const products: Readonly<Record<string, KernelMaker>> = {
  "aten::mm": mm,
  "aten::addmm": addmm,
  "dsbm::dense": denseLayer,
  "dsbm::dense_backward": denseBackward,
};
