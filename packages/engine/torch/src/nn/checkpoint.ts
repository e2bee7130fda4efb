// Activation checkpointing: intermediates are computed again in the backward pass, for about a third more time.
import { call } from "../binding/dispatch.js";
import { invalid, TorchError } from "../binding/errors.js";
import { ptrOf, ptrsOf, tidy } from "../binding/handle.js";
import { type External, guarded, native } from "../binding/native.js";
import { autocast, autocastDType } from "../tensor/autocast.js";
import { enableGrad, grad, gradEnabled, noGrad } from "../tensor/grad.js";
import { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

interface Draws {
  readonly drawn: Tensor[];
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
 * A random tensor for a checkpointed function: the recomputation gets the same tensor. Outside `checkpoint` it is
 * `draw()`.
 */
export function drawnOnce(draw: () => Tensor): Tensor {
  return take(draw, current);
}

type Run = (x: Tensor, ...more: Tensor[]) => Tensor;

const handedOver = (t: Tensor): External =>
  ptrOf((noGrad(() => call("aten::alias", "", t)) as Tensor).keep());

function recomputation(run: Run, inputCount: number): Parameters<typeof native.scripted>[4] {
  const dtype = autocastDType();
  return (ptr, saved, parameters, needs) =>
    tidy(() => {
      if (gradEnabled())
        throw new TorchError(
          "ERR_TORCH_NOT_IMPLEMENTED",
          "checkpoint: gradients of gradients are not kept; leave the checkpoint out where createGraph is needed",
        );
      const gradient = new Tensor(ptr);
      const kept = saved.map((t) => new Tensor(t));
      const inputs = kept.slice(0, inputCount).map((t) => t.detach());
      const sources = [...inputs, ...parameters.map((t) => new Tensor(t))];
      inputs.forEach((x, i) => {
        if (needs[i]) x.requiresGrad_();
      });
      const draws: Draws = { drawn: kept.slice(inputCount), next: 0, outer: null };
      const [x, ...more] = inputs;
      // Its intermediates are held by the graph alone, which `grad` frees step by step.
      const again = () =>
        tidy(
          () =>
            call(
              "aten::alias",
              "",
              autocast(dtype, () => run(x, ...more)),
            ) as Tensor,
        );
      const y = within(draws, () => enableGrad(again));
      if (`${y.shape}` !== `${gradient.shape}`)
        throw invalid(
          "checkpoint: the recomputation gave another shape; expected a function that does the same both times",
        );
      const asked = sources.filter((_, i) => needs[i]);
      const device =
        asked.length > 0 && y.requiresGrad
          ? grad(y, asked, { gradOutputs: [gradient], allowUnused: true })
          : [];
      let next = 0;
      return needs.map((is) => {
        const g = is ? device[next++] : null;
        return g ? handedOver(g) : null;
      });
    });
}

/**
 * Returns `fn(inputs)` without keeping intermediates: the backward pass runs `fn` again. `fn` is a module, or a function
 * with the
 * `parameters` it uses; it is deterministic and draws through `drawnOnce`. Throws a TorchError for `createGraph`.
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
          native.scripted(
            ptrOf(output),
            ptrsOf(inputs, "checkpoint: inputs"),
            ptrsOf(trained, "checkpoint: parameters"),
            ptrsOf(draws.drawn, "checkpoint: draws"),
            recomputation(run, inputs.length),
          ),
        "checkpoint",
      );
      return new Tensor(result);
    });
  } finally {
    for (const t of draws.drawn) t.dispose();
  }
}
