// Automatic differentiation: a graph of what computed each tensor, walked backwards from the newest operation on.
import { type ElementName, isFloating } from "./dtype.js";
import { check, fail } from "./errors.js";
import { run } from "./operation.js";
import { broadcastOf, isSameShape } from "./shape.js";
import type { Storage } from "./storage.js";
import type { Gradient, GraphHistory, TensorImpl } from "./tensor.js";

/** The destination of a gradient: a leaf, or a result of an earlier operation. */
export type Edge = { leaf: TensorImpl } | { node: TapeNode; output: number };

interface InputMeta {
  shape: readonly number[];
  dtype: ElementName;
}

let count = 0;

/** One operation in the graph. */
export class TapeNode implements GraphHistory {
  readonly sequence: number = count++;
  #isFreed = false;
  constructor(
    readonly name: string,
    /** One per tensor argument; null if it needs no gradient. */
    readonly edges: readonly (Edge | null)[],
    /** Shapes and types of the tensor arguments. */
    readonly inputs: readonly InputMeta[],
    /** The number of results. */
    readonly outputs: number,
    private backward: (grads: Gradient[]) => readonly (Gradient | undefined)[],
  ) {}

  /** Gradients of the arguments, in their shapes and types. */
  apply(grads: Gradient[]): Gradient[] {
    if (this.#isFreed)
      fail(
        "ERR_TORCH",
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). Specify retain_graph=True if you need to backward through the graph a second time",
      );
    return this.backward(grads).map((g, i) => {
      if (!g || !this.edges[i]) return null;
      const { shape, dtype } = this.inputs[i];
      const fitted = isSameShape(g.shape, shape) ? g : sumTo(g, shape);
      return fitted.dtype === dtype ? fitted : run("to.dtype", fitted, dtype);
    });
  }

  /** Releases the tensors of the derivative. */
  free(): void {
    this.#isFreed = true;
    this.backward = () => [];
  }
}

/**
 * The sum over the dimensions by which `shape` was broadcast.
 * @throws {TorchError} `ERR_TORCH`
 */
function sumTo(g: TensorImpl, shape: readonly number[]): TensorImpl {
  check(
    isSameShape(broadcastOf(g.shape, shape), g.shape),
    () => `a gradient of shape [${g.shape}] does not fit a tensor of shape [${shape}]`,
  );
  const skip = g.ndim - shape.length;
  const dims = g.shape.flatMap((size, i) => (i < skip || shape[i - skip] !== size ? [i] : []));
  return run("view", run("contiguous", run("sum.dim_IntList", g, dims, true)), shape);
}

/** Whether operations build the graph. */
export const gradMode: { isOn: boolean } = { isOn: true };

/** Runs `fn` without a graph. */
export function withoutGraph<T>(fn: () => T): T {
  const before = gradMode.isOn;
  gradMode.isOn = false;
  try {
    return fn();
  } finally {
    gradMode.isOn = before;
  }
}

/** The destination of a tensor's gradient, or null. */
export function edgeOf(t: TensorImpl): Edge | null {
  if (t.history) return { node: t.history as TapeNode, output: t.output };
  return t.isLeafWithGradient ? { leaf: t } : null;
}

/** What a recording wants to know: gradients that were stolen or set. */
export const accumulation: { note(leaf: TensorImpl): void } = { note: () => {} };

/** Adds to the gradient of a leaf; a gradient that nobody else has is taken over. */
function accumulate(leaf: TensorImpl, g: TensorImpl, isFresh: boolean): void {
  if (leaf.grad) run("add_.Tensor", leaf.grad, g);
  else leaf.grad = isFresh && g.isDense ? g : run("clone", g);
  accumulation.note(leaf);
}

/** The nodes that lead from the outputs, newest first. */
function reachable(starts: readonly TapeNode[]): TapeNode[] {
  const seen = new Set<TapeNode>(starts);
  const stack = [...seen];
  for (let node = stack.pop(); node; node = stack.pop())
    for (const edge of node.edges)
      if (edge && "node" in edge && !seen.has(edge.node)) {
        seen.add(edge.node);
        stack.push(edge.node);
      }
  return [...seen].sort((a, b) => b.sequence - a.sequence);
}

/** Nodes through which a gradient of the inputs passes; all for null. */
function neededNodes(
  order: readonly TapeNode[],
  inputs: readonly TensorImpl[] | null,
): Set<TapeNode> {
  if (!inputs) return new Set(order);
  const targets = new Set<unknown>(inputs.map((t) => t.history ?? t));
  const out = new Set<TapeNode>();
  for (const node of order.toReversed())
    if (
      targets.has(node) ||
      node.edges.some((e) => e && ("node" in e ? out.has(e.node) : targets.has(e.leaf)))
    )
      out.add(node);
  return out;
}

function startingGradient(output: TensorImpl, gradient: TensorImpl | undefined): TensorImpl {
  check(
    output.requiresGrad,
    "element 0 of tensors does not require grad and does not have a grad_fn",
  );
  if (!gradient) {
    check(output.count === 1, "grad can be implicitly created only for scalar outputs");
    return run("ones_like", output);
  }
  check(
    isSameShape(gradient.shape, output.shape),
    () =>
      `Mismatch in shape: grad_output[0] has a shape of [${gradient.shape.join(", ")}] and output[0] has a shape of [${output.shape.join(", ")}].`,
  );
  return gradient;
}

/** One walk backwards. */
class BackwardPass {
  readonly pending = new Map<TapeNode, Gradient[]>();
  readonly ofLeaves = new Map<TensorImpl, TensorImpl>();
  readonly #captured: Map<TapeNode, Map<number, Gradient>> = new Map();

  constructor(readonly inputs: readonly TensorImpl[] | null) {
    for (const t of inputs ?? []) {
      if (!t.history) continue;
      const node = t.history as TapeNode;
      const outputs = this.#captured.get(node) ?? new Map<number, Gradient>();
      this.#captured.set(node, outputs.set(t.output, null));
    }
  }

  send(edge: Edge, g: TensorImpl, isFresh: boolean): void {
    if ("leaf" in edge) {
      const { leaf } = edge;
      if (!this.inputs) accumulate(leaf, g, isFresh);
      else if (this.inputs.includes(leaf)) {
        const sum = this.ofLeaves.get(leaf);
        this.ofLeaves.set(leaf, sum ? run("add.Tensor", sum, g) : g);
      }
      return;
    }
    const { node, output } = edge;
    const list = this.pending.get(node) ?? new Array<Gradient>(node.outputs).fill(null);
    const sum = list[output];
    list[output] = sum ? run("add.Tensor", sum, g) : g;
    this.pending.set(node, list);
  }

  visit(node: TapeNode, isWanted: boolean, retain: boolean): void {
    const grads = this.pending.get(node);
    this.pending.delete(node);
    if (!grads) return;
    const captured = this.#captured.get(node);
    if (captured) for (const output of captured.keys()) captured.set(output, grads[output]);
    if (!isWanted || !node.edges.some(Boolean)) return;
    const others = new Set<Storage>(grads.flatMap((g) => (g ? [g.storage] : [])));
    const results = node.apply(grads);
    if (!retain) node.free();
    results.forEach((g, i) => {
      const edge = node.edges[i];
      if (!g || !edge) return;
      const isFresh = !others.has(g.storage) && g.base === null;
      others.add(g.storage);
      this.send(edge, g, isFresh);
    });
  }

  /** The gradients of the inputs that were asked for. */
  results(): Gradient[] {
    return (this.inputs ?? []).map((t) =>
      t.history
        ? (this.#captured.get(t.history as TapeNode)?.get(t.output) ?? null)
        : (this.ofLeaves.get(t) ?? null),
    );
  }
}

/**
 * Walks the graph backwards: gradients of `inputs`, or added to all leaves for null.
 * @throws {TorchError} `ERR_TORCH`
 */
export function differentiate(
  outputs: readonly TensorImpl[],
  gradient: readonly TensorImpl[],
  inputs: readonly TensorImpl[] | null,
  { retain, allowUnused }: { retain: boolean; allowUnused: boolean },
): Gradient[] {
  return withoutGraph(() => {
    for (const t of inputs ?? [])
      check(t.requiresGrad, "One of the differentiated TensorList does not require grad");
    const walk = new BackwardPass(inputs);
    const edges = outputs.map((t, i) => ({
      g: startingGradient(t, gradient[i]),
      edge: edgeOf(t)!,
    }));
    for (const { g, edge } of edges) walk.send(edge, g, false);
    const order = reachable(edges.flatMap(({ edge }) => ("node" in edge ? [edge.node] : [])));
    const needs = neededNodes(order, inputs);
    for (const node of order) walk.visit(node, needs.has(node), retain);
    const results = walk.results();
    check(
      allowUnused || results.every(Boolean),
      "One of the differentiated TensorList appears to not have been used in the graph. Set allow_unused=True if this is the desired behavior.",
    );
    return results;
  });
}

/**
 * Whether a gradient may flow into a tensor of this type.
 * @throws {TorchError} `ERR_TORCH` for others.
 */
export function checkDifferentiable(dtype: ElementName): void {
  check(isFloating(dtype), "only TensorList of floating point dtype can require gradients");
}
