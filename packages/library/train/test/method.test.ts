// One table for all methods: what each one declares must hold when it trains.

import {
  brownian,
  methodNamed,
  methods,
  type Regression,
  type RowsContext,
  tensorsOf,
  uniformGrid,
} from "@dsbm/bridge";
import { memory, noGrad, randn, type Tensor } from "@dsbm/torch";
import { describe, expect } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { it } from "../../../../test/support/in-scope.js";
import { generatorOf } from "../../../../test/support/numbers.js";
import type { TrainEvent } from "../src/events.js";
import {
  networkOf,
  resumedTraining,
  runTraining,
  tinyProblem,
  train,
  trainingOf,
  weights,
} from "./support.js";

const gammas = [0.3, 0.2, 0.2, 0.3];
const registeredMethods = Object.keys(methods).map((name) => ({
  name,
  method: methodNamed(name, { gammas, components: 5 }),
}));
const optionalMethods = [
  { name: "lightsb", numbers: { components: 5, massPenalty: 1 } },
  { name: "wfr", numbers: { semiRelaxed: 1 } },
].map(({ name, numbers }) => ({
  name: `${name} ${JSON.stringify(numbers)}`,
  method: methodNamed(name, numbers),
}));
const trainedMethods = [...registeredMethods, ...optionalMethods].filter(
  ({ method }) => !method.model?.fit,
);
const fittedMethods = registeredMethods.filter(({ method }) => method.model?.fit);
const process = brownian({ sigma: 0.9 });

function context(shape: number[], changes: Partial<RowsContext> = {}): RowsContext {
  const [n, ...sample] = shape as [number, ...number[]];
  const generator = generatorOf(2);
  return {
    direction: "b",
    newest: null,
    data: { x0: randn(shape, { generator }), x1: randn([n + 3, ...sample], { generator }) },
    process,
    firstCoupling: "ind",
    generator,
    simulate: (_direction, start) => start.add(1),
    simulateRuns: () => ({}),
    ...changes,
  };
}

/** Mean loss of the first and the last twenty steps. */
function lossesOf(events: TrainEvent[]): { first: number; last: number } {
  const losses = events.flatMap((e) => (e.type === "step" && e.half === 1 ? [e.loss] : []));
  const mean = (list: number[]) => list.reduce((a, b) => a + b) / list.length;
  return { first: mean(losses.slice(0, 20)), last: mean(losses.slice(-20)) };
}

describe.each(trainedMethods)("$name", ({ method }) => {
  it.each([{ shape: [12, 2] }, { shape: [12, 2, 3, 3] }])(
    "makes epochs of rows of one length and regressions of the shape of x, $shape",
    ({ shape }) => {
      for (const newest of [null, "f"] as const)
        for (const firstCoupling of ["ind", "ref"] as const) {
          const rows =
            method.rows?.make(
              context(shape, {
                ...{ newest, firstCoupling },
                simulateRuns: (direction, start) =>
                  method.rows?.runs?.rows(direction && ((x) => x.mul(0.1)), start, {
                    ...{ direction: direction ?? "f", grid: uniformGrid(4), sigma: 1 },
                  }) ?? {},
              }),
            ) ?? {};
          const n = tensorsOf(rows)[0]?.size(0);
          expect(n).toBeGreaterThanOrEqual(12);
          for (const r of tensorsOf(rows)) expect(r.size(0)).toBe(n);
          if (method.rows?.pairs) expect(Object.keys(rows).slice(0, 2)).toEqual(["x0", "x1"]);
          const generator = generatorOf(3);
          const t = randn([n], { generator }).sigmoid();
          const step = {
            ...{ direction: "b" as const, process, t, meanMatch: false },
            noise: (like: Tensor) => randn(like.shape, { generator }),
          };
          if (method.loss) {
            if (shape.length > 2) continue;
            const network = networkOf(method, 2)("b");
            method.model?.begin?.({ ...context(shape), network });
            const loss = method.loss(rows, { ...step, network });
            expect(loss.shape).toEqual([]);
            expect(loss.isfinite().item()).toBe(true);
            continue;
          }
          const made = method.regression?.(rows, step);
          const { x, t: times, target } = made as Regression;
          expect(x.shape).toEqual([n, ...shape.slice(1)]);
          expect(target.shape).toEqual(x.shape);
          expect(times.shape).toEqual([n]);
          expect(target.isfinite().all().item()).toBe(true);
        }
    },
  );

  it("yields its events in order, the same twice, other with another seed", async () => {
    const run = async (seed: number) => {
      const training = trainingOf(tinyProblem(method, { seed, logEvery: 4, steps: 8 }));
      return { events: await train(training), got: weights(training) };
    };
    const [one, two, other] = [await run(5), await run(5), await run(6)];
    expect(one.got).toEqual(two.got);
    expect(one.got).not.toEqual(other.got);
    const halves = [1, 2].map((half) => {
      const of = one.events.filter((e) => e.half === half);
      expect(of.map((e) => e.direction)).toEqual(of.map(() => (half === 1 ? "b" : "f")));
      return of.map((e) => (e.type === "step" ? `step ${e.step}/${e.steps}` : e.type));
    });
    // 96 rows make 3 batches of 32 an epoch: 8 steps need three epochs.
    const events = ["start", "simulate", "simulate", "step 4/8", "simulate", "step 8/8", "half"];
    // Plans of all rows need no epochs.
    const isWhole = method.rows?.wholePlans ?? false;
    const order = events.filter((what) => !isWhole || what !== "simulate");
    // A run of discrete DSB gives a row for each of its steps: one epoch is enough.
    const long = (method.rows?.runs?.perRun ?? 1) > 1;
    // An online method makes rows in every step.
    const second =
      method.rows?.simulation === "step"
        ? order.filter((what) => what !== "simulate")
        : long
          ? ["start", "simulate", "step 4/8", "step 8/8", "half"]
          : order;
    expect(halves).toEqual([order, second]);
    expect(one.events.map((e) => e.half)).toEqual([...order.map(() => 1), ...second.map(() => 2)]);
  });

  it("leaves no tensor behind after a half-iteration, nor when stopped within", async () => {
    await collectGarbage();
    const training = trainingOf(
      tinyProblem(method, { halfIterations: 6, logEvery: 1, emaRate: 0.9 }),
    );
    const run = training.run();
    const upTo = async (half: number, type: TrainEvent["type"]) => {
      for (;;) {
        const { value, done } = await run.next();
        expect(done).toBe(false);
        if ((value as TrainEvent).half === half && (value as TrainEvent).type === type) return;
      }
    };
    await upTo(2, "half");
    const before = memory().live;
    await upTo(4, "half");
    expect(memory().live).toBe(before);
    await upTo(5, "step");
    await run.return(undefined);
    expect(memory().live).toBe(before);
    expect(training.state.half).toBe(4);
  });

  it("lowers its loss", async () => {
    const training = trainingOf(
      tinyProblem(method, { steps: 300, halfIterations: 1, lr: 0.02, logEvery: 1 }),
    );
    // Networks that are far from any answer.
    noGrad(() => training.state.networks.b.parameters().at(-1)?.add_(3));
    const { first, last } = lossesOf(await train(training));
    expect(last).toBeLessThan(0.85 * first);
  });

  it("resumes within a half-iteration, bit by bit", async () => {
    const problem = () => tinyProblem(method, { emaRate: 0.9 });
    const whole = await runTraining(problem());
    const second = await resumedTraining(problem, { half: 2, step: 5 });
    await train(second);
    expect(weights(second)).toEqual(weights(whole));
  });
});

describe.each(fittedMethods)("$name", ({ method }) => {
  it("has no parameters, and fits the same again", async () => {
    const [one, two] = [
      await runTraining(tinyProblem(method)),
      await runTraining(tinyProblem(method)),
    ];
    expect(one.state.networks.b.parameters()).toEqual([]);
    expect(weights(one)).toEqual(weights(two));
  });

  it("resumes after a half-iteration, bit by bit", async () => {
    const whole = await runTraining(tinyProblem(method));
    const second = await resumedTraining(() => tinyProblem(method), { half: 1, step: null });
    await train(second);
    expect(weights(second)).toEqual(weights(whole));
  });
});
