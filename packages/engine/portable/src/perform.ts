// Carrying an operation out: its forward function, with autograd above it and a recording that may watch.
import { isFloating } from "./dtype.js";
import { check, fail } from "./errors.js";
import {
  type Backward,
  performer,
  type Result,
  type TableOperation,
  type Tracing,
} from "./operation.js";
import { edgeOf, gradMode, TapeNode } from "./tape.js";
import { TensorImpl } from "./tensor.js";

/** Sees every operation except composite ones. */
export interface Watcher {
  /** Called before it runs. */
  before(op: TableOperation, args: readonly unknown[]): void;
  after(op: TableOperation, args: readonly unknown[], result: Result): void;
}
/** The recording under way, or null. */
export const watching: { watcher: Watcher | null } = { watcher: null };

/** More than 0 inside an operation: further calls are parts of it. */
let depth = 0;

/** Runs `fn` as a part of an operation: without a graph and unseen. */
export function withinOperation<T>(fn: () => T): T {
  depth++;
  try {
    return fn();
  } finally {
    depth--;
  }
}

/** All tensors of arguments, lists flattened; null for a missing optional one. */
function tensorsOf(op: TableOperation, args: readonly unknown[]): (TensorImpl | null)[] {
  const out: (TensorImpl | null)[] = [];
  op.args.forEach((arg, i) => {
    if (arg.type !== "Tensor") return;
    if (arg.isList) out.push(...(args[i] as (TensorImpl | null)[]));
    else out.push((args[i] as TensorImpl | null) ?? null);
  });
  return out;
}

const resultsOf = (result: Result): (TensorImpl | null)[] =>
  Array.isArray(result) ? result : result instanceof TensorImpl ? [result] : [];

function checkWrites(op: TableOperation, args: readonly unknown[]): void {
  for (const i of op.written)
    for (const t of [args[i]].flat() as TensorImpl[]) {
      if (t.isLeafWithGradient && gradMode.isOn)
        fail(
          "ERR_TORCH",
          "a leaf Variable that requires grad is being used in an in-place operation.",
        );
    }
}

interface Moment {
  t: TensorImpl;
  version: number;
}

/** Refuses values that changed after they were kept. */
function checkUnchanged({ t, version }: Moment): TensorImpl {
  const now = t.storage.version;
  check(
    now === version,
    () =>
      `one of the variables needed for gradient computation has been modified by an inplace operation: [${t.dtype} [${t.shape.join(", ")}]], is at version ${now}; expected version ${version} instead. Hint: the backtrace further above shows the operation that failed to compute its gradient.`,
  );
  return t;
}

function tracingOf(
  tensors: readonly (TensorImpl | null)[],
  versions: readonly number[],
  results: readonly (TensorImpl | null)[],
): Tracing {
  return {
    needs: (index) => tensors[index]?.requiresGrad ?? false,
    save(t) {
      const place = tensors.indexOf(t);
      const moment = { t, version: place < 0 ? t.storage.version : versions[place] };
      return () => checkUnchanged(moment);
    },
    saveResult(index = 0) {
      const t = results[index]!;
      const moment = { t, version: t.storage.version };
      return () => checkUnchanged(moment);
    },
  };
}

const refusal =
  (op: TableOperation): Backward =>
  () =>
    fail(
      "ERR_TORCH_NOT_IMPLEMENTED",
      `the derivative of ${op.full} is not in the portable engine: it needs libtorch`,
    );

function follow(
  op: TableOperation,
  args: readonly unknown[],
  tensors: readonly (TensorImpl | null)[],
  versions: readonly number[],
  result: Result,
): void {
  const results = resultsOf(result);
  if (!results.some((t) => t && isFloating(t.dtype))) return;
  const tracing = tracingOf(tensors, versions, results);
  const backward = op.derivative ? op.derivative(tracing, ...args) : refusal(op);
  const edges = tensors.map((t) => (t ? edgeOf(t) : null));
  const inputs = tensors.map((t) => ({ shape: t?.shape ?? [], dtype: t?.dtype ?? "float32" }));
  const node = new TapeNode(op.full, edges, inputs, results.length, (grads) => backward(...grads));
  const isWrite = op.written.length > 0;
  results.forEach((t, i) => {
    if (!t || !isFloating(t.dtype)) return;
    if (isWrite && t.base)
      fail(
        "ERR_TORCH_NOT_IMPLEMENTED",
        `${op.full} of a view in a graph is not in the portable engine: it needs libtorch`,
      );
    t.history = node;
    t.output = i;
  });
}

function perform(op: TableOperation, args: unknown[]): Result {
  if (op.isComposite || depth > 0) return op.forward(...args);
  const tensors = tensorsOf(op, args);
  const isFollowed =
    gradMode.isOn && op.derivative !== null && tensors.some((t) => t?.requiresGrad);
  if (op.written.length > 0) checkWrites(op, args);
  const { watcher } = watching;
  watcher?.before(op, args);
  const versions = isFollowed ? tensors.map((t) => t?.storage.version ?? 0) : [];
  const result = withinOperation(() => op.forward(...args));
  for (const i of op.written) for (const t of [args[i]].flat() as TensorImpl[]) t.storage.version++;
  if (isFollowed) follow(op, args, tensors, versions, result);
  watcher?.after(op, args, result);
  return result;
}
performer.perform = perform;
