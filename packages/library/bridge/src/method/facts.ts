import type { Batch } from "../core/batch.js";
import type { MethodFacts } from "../facts/method-facts.js";
import type { Method } from "./method.js";

/** All facts of a method: its statements, and the facts that its functions show. */
export function factsOf<B extends Batch>(method: Method<B>): MethodFacts {
  const { name, predicts, networks, eps, takes = {}, rows, model } = method;
  const closedForm = model?.fit !== undefined;
  return {
    name,
    title: method.title ?? name,
    presets: method.guide?.map(({ preset = name }) => preset) ?? [name],
    predicts,
    networks,
    eps,
    mass: method.mass ?? false,
    onlyBrownian: method.onlyBrownian ?? false,
    keepOptimizer: method.keepOptimizer ?? false,
    learns: method.learns ?? "bridge",
    straight: method.straight ?? false,
    leastSteps: method.leastSteps ?? 0,
    dividesSteps: method.dividesSteps ?? false,
    onnx: method.onnx ?? true,
    takes: {
      options: takes.options ?? [],
      ignored: takes.ignored ?? [],
      unused: takes.unused ?? [],
      refused: takes.refused ?? {},
      images: takes.images ?? true,
      conditions: takes.conditions ?? true,
    },
    closedForm,
    ownLoss: method.loss !== undefined,
    drawsPlan: method.plan !== undefined,
    discreteSteps: method.sampler !== undefined && predicts === "increment",
    pairs: rows?.pairs ?? false,
    firstCoupling: rows?.firstCoupling ?? false,
    ownCoupling: rows?.coupling !== undefined,
    courses: rows?.chains ?? false,
    simulation: closedForm ? "never" : (rows?.simulation ?? "epoch"),
  };
}
