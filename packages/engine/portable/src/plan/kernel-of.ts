// Kernels of planned programs by the names of operations.
import { streamOf } from "../operation/random.js";
import { isSameShape } from "../shape.js";
import type { TensorImpl } from "../tensor.js";
import { elements } from "./elements.js";
import {
  addressOf,
  isDense,
  isPlanned,
  type KernelCall,
  type KernelMaker,
  nothing,
  type Workspace,
} from "./kernel.js";
import { programMemory } from "./memory.js";
import { products } from "./products.js";

/** A matrix whose rows have no gaps, by its address, its row in bytes and its sizes. */
function rowsOf(t: TensorImpl, isWhole: boolean) {
  if (isWhole) return { address: addressOf(t), row: 0, m: 1, n: t.count };
  const [m, n] = t.shape;
  const hasRows = t.ndim === 2 && (t.strides[1] === 1 || n === 1);
  return hasRows ? { address: addressOf(t), row: 4 * t.strides[0], m, n } : null;
}

/** A copy between tensors of one shape. */
function copy(x: unknown, out: unknown): KernelCall | null {
  if (!isPlanned(x) || !isPlanned(out) || !isSameShape(x.shape, out.shape)) return null;
  const areDense = x.isDense && out.isDense;
  const from = rowsOf(x, areDense);
  const to = rowsOf(out, areDense);
  if (!from || !to || from.m !== to.m) return null;
  const { copyRows } = programMemory.wasm;
  return () => copyRows(from.address, from.row, to.address, to.row, from.m, from.n);
}

/** Parts side by side: along the last dimension of matrices, or along the first. */
const cat: KernelMaker = ([parts, dim], [out]) => {
  if (!isDense(out) || out.ndim > 2) return null;
  const isAlongRows = out.ndim === 2 && (Number(dim) === 1 || Number(dim) === -1);
  if (!isAlongRows && Number(dim) !== 0 && Number(dim) !== -out.ndim) return null;
  const { copyRows } = programMemory.wasm;
  const works: KernelCall[] = [];
  let to = addressOf(out);
  for (const t of parts as TensorImpl[]) {
    if (!isPlanned(t) || t.ndim !== out.ndim) return null;
    const from = isAlongRows ? rowsOf(t, false) : t.isDense ? rowsOf(t, true) : null;
    if (!from) return null;
    const at = to;
    const row = isAlongRows ? 4 * out.shape[1] : 0;
    works.push(() => copyRows(from.address, from.row, at, row, from.m, from.n));
    to += 4 * from.n;
  }
  return () => {
    for (const work of works) work();
  };
};

const sumAll: KernelMaker = ([x, dtype], [out]) => {
  if (dtype !== null || !isDense(x) || !isDense(out)) return null;
  const from = addressOf(x);
  const n = x.count;
  const { sumElements } = programMemory.wasm;
  return () => {
    out.array[out.offset] = sumElements(from, n);
  };
};

const sumOverRows: KernelMaker = ([x, dims, , dtype], [out]) => {
  const isFirst = String(dims) === "0" || String(dims) === "-2";
  if (!isFirst || dtype || !isDense(x) || x.ndim !== 2 || !isDense(out)) return null;
  const from = addressOf(x);
  const to = addressOf(out);
  const [m, n] = x.shape;
  const { sumRows } = programMemory.wasm;
  return () => sumRows(from, to, m, n);
};

const fillWithNumber: KernelMaker = ([, value], [out]) => {
  if (!isDense(out) || typeof value !== "number") return null;
  const { array, offset, count } = out;
  return () => void array.fill(value, offset, offset + count);
};

const blockSize = 256;
const noise: KernelMaker = ([t, generator], _, workspace) => {
  if (!isDense(t)) return null;
  const start = addressOf(t);
  const n = t.count;
  const last = workspace(blockSize);
  const { normalBlock, copyRows } = programMemory.wasm;
  const whole = Math.floor(n / blockSize);
  return () => {
    const [high, low] = streamOf(generator as Parameters<typeof streamOf>[0]).next64();
    for (let i = 0; i < whole; i++) normalBlock(start + 4 * blockSize * i, low | 0, high | 0, i, 0);
    const left = n - whole * blockSize;
    if (left === 0) return;
    normalBlock(last, low | 0, high | 0, whole, 0);
    copyRows(last, 0, start + 4 * blockSize * whole, 0, 1, left);
  };
};

const adam: KernelMaker = (args) => {
  const [params, grads, first, second, steps, averages] = args as TensorImpl[][];
  const [lr, weight] = args.slice(6) as [TensorImpl, TensorImpl | null];
  const [beta1, beta2, decay, eps, decoupled] = args.slice(8) as number[];
  const lists = [params, grads, first, second, averages];
  if (!lists.every((list) => list.every(isDense))) return null;
  const rows = params.map((p, i) => ({
    addresses: [p, grads[i], first[i], second[i]].map(addressOf),
    n: p.count,
    step: steps[i],
    average: averages.length > 0 ? addressOf(averages[i]) : 0,
  }));
  const { adamStep, averageElements } = programMemory.wasm;
  return () => {
    const rate = lr.array[lr.offset];
    for (const { addresses, n, step, average } of rows) {
      const [p, g, m, v] = addresses;
      const count = ++step.array[step.offset];
      const root = Math.sqrt(1 - beta2 ** count);
      const size = -rate / (1 - beta1 ** count);
      const [pull, shrink] = decoupled ? [0, 1 - rate * decay] : [decay, 1];
      adamStep(p, g, m, v, n, pull, shrink, 1 - beta1, beta2, root, eps, size);
      if (average > 0) averageElements(average, p, n, weight!.array[weight!.offset]);
    }
  };
};

const makers: Readonly<Record<string, KernelMaker>> = {
  ...products,
  ...elements,
  "aten::empty.memory_format": () => nothing,
  "aten::full": fillWithNumber,
  "aten::clone": ([x], [out]) => copy(x, out),
  "aten::contiguous": ([x], [out]) => copy(x, out),
  "aten::copy_": ([out, x]) => copy(x, out),
  "aten::cat": cat,
  "aten::sum": sumAll,
  "aten::sum.dim_IntList": sumOverRows,
  "dsbm::noise_": noise,
  "dsbm::adam_": adam,
};

/** The work of an operation with these arguments and results; null if there is no kernel for them. */
export const kernelOf = (
  name: string,
  args: readonly unknown[],
  results: readonly (TensorImpl | null)[],
  workspace: Workspace,
): KernelCall | null =>
  Object.hasOwn(makers, name) ? makers[name](args, results, workspace) : null;
