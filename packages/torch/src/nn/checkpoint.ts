// Activation checkpointing: a part of a network forgets its intermediates in the forward pass and computes them again
// in the backward pass, where they are needed: less memory for about a third more time.
import { call } from "../dispatch.js";
import { invalid } from "../errors.js";
import { enableGrad, gradEnabled, noGrad } from "../grad.js";
import { ptrOf, ptrsOf, tidy } from "../handle.js";
import { type External, guarded, native } from "../native.js";
import { Tensor } from "../tensor.js";
import { Module } from "./module.js";

/** What a run of a checkpointed function draws at random: written down in the first, read again in the second. */
interface Draws {
  readonly drawn: Tensor[];
  /** The next one to be read; null while they are written. */
  next: number | null;
  readonly outer: Draws | null;
}
let current: Draws | null = null;

function within<T>(draws: Draws, fn: () => T): T {
  const before = current;
  current = draws;
  try {
    return fn();
  } finally {
    current = before;
  }
}

function take(draw: () => Tensor, from: Draws | null): Tensor {
  if (from === null) return draw();
  if (from.next === null) {
    const t = take(draw, from.outer);
    // A second handle, since the scope in which `fn` drew may end before the first run does.
    from.drawn.push(noGrad(() => call("aten::alias", "", t) as Tensor).keep());
    return t;
  }
  const t = from.drawn[from.next++];
  if (!t)
    throw invalid(
      `checkpoint: the recomputation draws more than the ${from.drawn.length} random tensors of the first run; expected a function that does the same both times`,
    );
  return t;
}

/**
 * A random tensor that a checkpointed function may use: `draw` runs in the forward pass, and the recomputation gets
 * the same tensor again. Outside `checkpoint` it is just `draw()`.
 */
export function drawnOnce(draw: () => Tensor): Tensor {
  return take(draw, current);
}

type Run = (x: Tensor, ...more: Tensor[]) => Tensor;

/** What the backward pass calls: `run` again, with a graph. Its result is a handle that the caller drops. */
function recomputation(run: Run): (inputs: External[], drawn: External[]) => External {
  return (inputs, drawn) =>
    tidy(() => {
      const draws: Draws = { drawn: drawn.map((t) => new Tensor(t)), next: 0, outer: null };
      const [x, ...more] = inputs.map((t) => new Tensor(t)) as [Tensor, ...Tensor[]];
      const y = within(draws, () => enableGrad(() => run(x, ...more)));
      return ptrOf((enableGrad(() => call("aten::alias", "", y)) as Tensor).keep());
    });
}

/**
 * What `fn` makes of `inputs`, without keeping what is computed in between: the backward pass runs `fn` again.
 * `fn` is a module, or a function with the `parameters` it uses; gradients flow to those and to the inputs, and to
 * nothing else. It does the same at every run, and draws random numbers through `drawnOnce` (as Dropout does).
 * Where no gradients are kept it is just `fn`. The backward pass throws a TorchError where it is to be differentiated
 * itself (`createGraph`), or runs again without `retainGraph`.
 */
export function checkpoint(
  fn: Module | Run,
  inputs: readonly [Tensor, ...Tensor[]],
  { parameters }: { parameters?: readonly Tensor[] } = {},
): Tensor {
  const run: Run = fn instanceof Module ? (x, ...more) => fn.forward(x, ...more) : fn;
  const trained = parameters ?? (fn instanceof Module ? fn.parameters() : []);
  if (!gradEnabled() || ![...inputs, ...trained].some((t) => t.requiresGrad))
    return tidy(() => run(...inputs));
  const draws: Draws = { drawn: [], next: null, outer: current };
  try {
    return tidy(() => {
      const output = within(draws, () => noGrad(() => run(...inputs)));
      const result = guarded(
        () =>
          native.checkpoint(
            ptrOf(output),
            ptrsOf(inputs, "checkpoint: inputs"),
            ptrsOf(trained, "checkpoint: parameters"),
            ptrsOf(draws.drawn, "checkpoint: draws"),
            recomputation(run),
          ),
        "checkpoint",
      );
      return new Tensor(result);
    });
  } finally {
    for (const t of draws.drawn) t.dispose();
  }
}
