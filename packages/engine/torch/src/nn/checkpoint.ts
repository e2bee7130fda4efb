// Activation checkpointing: intermediates are computed again in the backward pass, for about a third more time.
import { call } from "../binding/dispatch.js";
import { invalidValue, misfit } from "../binding/errors.js";
import { ptrOf, ptrsOf, tidy } from "../binding/handle.js";
import { type External, native, withTorchErrors } from "../binding/native.js";
import { autocast, autocastDType } from "../tensor/autocast.js";
import { enableGrad, grad, gradEnabled, noGrad } from "../tensor/grad.js";
import { Tensor } from "../tensor/tensor.js";
import type { Module } from "./module.js";

/** Random tensors of the first run, and how many of them the second one took. */
interface Draws {
  readonly drawn: Tensor[];
  next: number | null;
}
let currentDraws: Draws | null = null;

function withDraws<T>(draws: Draws, fn: () => T): T {
  currentDraws = draws;
  try {
    return fn();
  } finally {
    currentDraws = null;
  }
}

/**
 * A random tensor of any size for a checkpointed module: the recomputation gets the same tensor. Outside `checkpoint`
 * it is `draw()`.
 * @throws {TorchError} if the recomputation draws more tensors than the first run
 */
export function drawnOnce(draw: () => Tensor): Tensor {
  if (currentDraws === null) return draw();
  const { drawn, next } = currentDraws;
  if (next === null) {
    const t = draw();
    // A second handle, since the scope in which the module drew may end before the first run does.
    drawn.push(noGrad(() => call("aten::alias", "", t) as Tensor).keep());
    return t;
  }
  const t = drawn[next];
  if (!t)
    throw invalidValue(
      `checkpoint: the recomputation draws more than the ${drawn.length} random tensors of the first run; expected a module that does the same both times`,
    );
  currentDraws.next = next + 1;
  return t;
}

const handedOver = (t: Tensor): External =>
  ptrOf((noGrad(() => call("aten::alias", "", t)) as Tensor).keep());

function recomputation(
  module: Module,
  parameters: readonly Tensor[],
  inputCount: number,
): Parameters<typeof native.scripted>[4] {
  const dtype = autocastDType();
  return (ptr, saved, needs) =>
    tidy(() => {
      const gradient = new Tensor(ptr);
      const kept = saved.map((t) => new Tensor(t));
      const inputs = kept.slice(0, inputCount).map((t) => t.detach());
      const sources = [...inputs, ...parameters];
      inputs.forEach((x, i) => {
        if (needs[i]) x.requiresGrad_();
      });
      const draws: Draws = { drawn: kept.slice(inputCount), next: 0 };
      const [x, ...more] = inputs;
      // Its intermediates are held by the graph alone, which `grad` frees step by step.
      const again = () =>
        tidy(
          () =>
            call(
              "aten::alias",
              "",
              autocast(dtype, () => module.forward(x, ...more)),
            ) as Tensor,
        );
      const y = withDraws(draws, () => enableGrad(again));
      if (`${y.shape}` !== `${gradient.shape}`)
        throw misfit(
          "checkpoint: the recomputation gave another shape; expected a module that does the same both times",
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
 * The module's result, in the shape that `forward` gives it, without keeping intermediates: the backward pass runs the
 * module again. It is deterministic, draws through `drawnOnce`, and has no checkpoint inside.
 */
export function checkpoint(module: Module, inputs: readonly [Tensor, ...Tensor[]]): Tensor {
  const parameters = module.parameters();
  if (!gradEnabled() || ![...inputs, ...parameters].some((t) => t.requiresGrad))
    return tidy(() => module.forward(...inputs));
  const draws: Draws = { drawn: [], next: null };
  try {
    return tidy(() => {
      const output = withDraws(draws, () => noGrad(() => module.forward(...inputs)));
      const result = withTorchErrors(
        () =>
          native.scripted(
            ptrOf(output),
            ptrsOf(inputs, "checkpoint: inputs"),
            ptrsOf(parameters, "checkpoint: parameters"),
            ptrsOf(draws.drawn, "checkpoint: draws"),
            recomputation(module, parameters, inputs.length),
          ),
        "checkpoint",
      );
      return new Tensor(result);
    });
  } finally {
    for (const t of draws.drawn) t.dispose();
  }
}
