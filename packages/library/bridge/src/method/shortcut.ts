// Shortcut models (Frans et al. 2025): a flow's network takes the length of a step, and learns its mean velocity over the step.
import { noGrad, type Tensor } from "@dsbm/torch";
import { withAbsoluteTime } from "../chain/network.js";
import type { Batch } from "../core/batch.js";
import { mapConditions } from "../core/conditions.js";
import { argumentError } from "../core/errors.js";
import type { Network } from "../core/network.js";
import { ShortcutNetwork } from "../model/shortcut-network.js";
import { asColumn } from "../process/process.js";
import type { Method, Regression, StepContext } from "./method.js";

/** One row in so many learns a step; the others learn the velocity. */
const rowsForEachStep = 4;

/** Steps [m] of signed length in (−1, 1), dense near 0, from which longer ones are learnt, from standard normal numbers [m]. */
function stepLengths(numbers: Tensor): Tensor {
  const uniform = numbers.div(Math.SQRT2).erf();
  return uniform.mul(uniform.abs());
}

/** Times [m] in [0, 1] moved so that the steps from them end in [0, 1], too. */
const startsOf = (t: Tensor, steps: Tensor): Tensor =>
  t.mul(steps.abs().rsub(1)).sub(steps.clamp({ max: 0 }));

/** The mean of the network's velocities over both halves of the steps [m] from x [m, …] at times t [m]. */
function meanOfHalves(
  network: Network,
  { x, t, steps, conditions }: { x: Tensor; t: Tensor; steps: Tensor } & Pick<Batch, "conditions">,
): Tensor {
  const half = steps.div(2);
  const at = { ...conditions, step: half };
  const first = network.forward(x, t, at);
  const middle = x.add(first.mul(asColumn(half, x)));
  return first.add(network.forward(middle, t.add(half), at)).div(2);
}

/**
 * Gives the network of a flow the length of a step. On a quarter of the rows the target is the mean of its own two half steps, without
 * gradient, so that one step is as long as two halves. Steps forward and backward have opposite signs.
 * @throws {BridgeError} for a method that learns no velocity by regression.
 */
export function withShortcut({ model, regression, ...method }: Method): Method {
  if (method.predicts !== "velocity" || method.mass || !regression)
    throw argumentError(
      `method=${method.name} has no steps to learn; expected a flow: method=otcfm or rf, methods.rectifiedflow in code`,
    );
  const inside = (network: Network) => (network as ShortcutNetwork).net;
  const { begin, prepare } = model ?? {};
  return {
    ...method,
    takesSteps: true,
    model: {
      ...model,
      type: ShortcutNetwork,
      create(facts) {
        const createNetwork: typeof facts.createNetwork = (options) =>
          facts.createNetwork({ ...options, channels: 1 });
        const net =
          model?.create({ ...facts, createNetwork }) ??
          withAbsoluteTime(createNetwork(), facts.chain);
        return new ShortcutNetwork(net);
      },
      begin: begin && ((context) => begin({ ...context, network: inside(context.network) })),
      prepare: prepare && ((context) => prepare({ ...context, network: inside(context.network) })),
    },
    regression: (batch, context) => stepRegression(regression, batch, context),
  };
}

/** A regression whose rows for steps have the mean of two half steps as target. */
function stepRegression(
  regression: NonNullable<Method["regression"]>,
  batch: Batch,
  context: StepContext,
): Regression {
  const shortcut = context.network as Network;
  const at = { ...context, network: (shortcut as ShortcutNetwork).net };
  const { rows, numbers } = context.drawEvery!(rowsForEachStep);
  const lengths = stepLengths(numbers);
  const pick = (all: Tensor) => all.indexSelect(0, rows);
  const put = (all: Tensor, part: Tensor) => all.clone().indexCopy_(0, rows, part);
  const times = startsOf(pick(context.t), lengths);
  const { x, t, target } = regression(batch, { ...at, t: put(context.t, times) });
  const conditions = mapConditions(batch.conditions, pick);
  const mean = noGrad(() =>
    meanOfHalves(shortcut, { x: pick(x), t: times, steps: lengths, conditions }),
  );
  return { x, t, target: put(target, mean), step: put(t.mul(0), lengths) };
}
