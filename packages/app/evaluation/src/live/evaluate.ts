// One evaluation: held-out starts are carried by a sampler, and the evaluators measure their ends. It serves a run in
// training and a finished one.
import { type Conditions, endOf, mapConditions, startOf, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { Ends, Position } from "@dsbm/problem";
import { testConditions, testRows } from "@dsbm/problem";
import type { Progress } from "@dsbm/runs";
import { cat, noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Carried, Evaluator, OpenOptions, Values } from "./evaluator.js";
import { checkEnds, checkMetrics } from "./finite.js";
import { kindsFor } from "./metrics.js";
import type { TestSampler } from "./samplers.js";

/** The evaluators of some data. */
export class Evaluators implements Disposable {
  constructor(readonly all: readonly Evaluator[]) {}

  /** Opens those that the data decide; null where it was stopped. Throws errors of the configuration's files. */
  static async open(
    ends: Ends,
    config: CompleteTrainConfig,
    options: OpenOptions,
  ): Promise<Evaluators | null> {
    const all: Evaluator[] = [];
    const evaluators = new Evaluators(all);
    try {
      for (const kind of kindsFor(ends, config)) {
        const evaluator = await kind.open(ends, config, options);
        if (evaluator) all.push(evaluator);
        if (!options.signal?.aborted) continue;
        evaluators[Symbol.dispose]();
        return null;
      }
      return evaluators;
    } catch (error) {
      evaluators[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const evaluator of this.all) evaluator[Symbol.dispose]?.();
  }
}

export interface Evaluation {
  result: Values & { half_iteration: number; direction: string; step: number };
  /** Its tensors are the caller's, see `disposeCarried`. */
  carried: Carried;
}

export interface EvaluateOptions {
  sampler: TestSampler;
  ends: Ends;
  config: CompleteTrainConfig;
  evaluators: Evaluators;
  /** Where starts and data come from (default: what was held out). */
  split?: Split;
  progress: Progress;
  signal: AbortSignal | undefined;
}

export function disposeCarried({ start, end, data, states }: Carried): void {
  for (const t of [start, end, data, states]) t?.dispose();
}

/** Carries samples in a direction and measures; null where it was stopped. */
export async function evaluate(at: Position, options: EvaluateOptions): Promise<Evaluation | null> {
  const { ends, config, evaluators, sampler, split = "test" } = options;
  const { direction, half, step } = at;
  const began = performance.now();
  const [from, side] = [startOf(direction), endOf(direction)];
  const rows = (end: "x0" | "x1") => testRows(ends[end], config.test_npar, config.seed, split);
  const steps = sampler.steps;
  const there = tidy(() => rows(from)).keep();
  const n = there.size(0);
  const given = testConditions(ends, from, n, split);
  const found = await carry(at, there, given, options);
  if (found === null) {
    there.dispose();
    return null;
  }
  const simulated = (performance.now() - began) / 1000;
  const here = (t: Tensor) => t.to({ device: "cpu" }).keep();
  const carried: Carried = tidy(() => ({
    ...{ at, side, steps, split, given },
    start: here(there),
    end: here(found.end),
    data: here(rows(side)),
    states: found.states && here(found.states),
  }));
  for (const x of [there, found.end, found.states]) x?.dispose();
  const values = measured(carried, evaluators);
  const result = {
    ...{ half_iteration: half, direction, step, steps, n, nfe: found.nfe },
    ...values,
    seconds_per_batch: simulated / found.batches,
    seconds: (performance.now() - began) / 1000,
  };
  return { result: result as unknown as Evaluation["result"], carried };
}

/** What evaluators say of ends; where that is no number, `carried` is freed and a DivergedError thrown. */
function measured(carried: Carried, evaluators: Evaluators): Values {
  try {
    checkEnds(carried.end, carried.at);
    const values = noGrad(() =>
      tidy((): Values => Object.assign({}, ...evaluators.all.map((one) => one.measure(carried)))),
    );
    checkMetrics(values, carried.at);
    return values;
  } catch (error) {
    disposeCarried(carried);
    throw error;
  }
}

interface Found {
  end: Tensor;
  states: Tensor | null;
  /** Evaluations of the network a batch. */
  nfe: number;
  batches: number;
}

/** Carries starts batch by batch; null where it was stopped. */
async function carry(
  { direction, half, step }: Position,
  start: Tensor,
  given: Conditions | undefined,
  { sampler, config, evaluators, progress, signal }: EvaluateOptions,
): Promise<Found | null> {
  const n = start.size(0);
  const { seed, test_batch_size } = config;
  const generator = stream(
    seed,
    `evaluate/${half}/${direction}/${step}/${sampler.steps}`,
    start.device,
  );
  const wanted = evaluators.all.flatMap(({ statesAt }) => statesAt?.(sampler.steps) ?? []);
  const at = sampler.kind === "sde" && wanted.length > 0 ? wanted : null;
  const parts: { ends: Tensor[]; states: Tensor[] } = { ends: [], states: [] };
  let evaluations = 0;
  try {
    for (let done = 0; done < n; ) {
      progress.update({ label: `evaluating ${direction} ${sampler.kind}`, step: done, steps: n });
      await new Promise(setImmediate);
      if (signal?.aborted) return null;
      const some = Math.min(test_batch_size, n - done);
      const cut = (t: Tensor) => t.narrow(0, done, some);
      tidy(() => {
        const with_ = { generator, given: mapConditions(given, cut) };
        const { ends, states, nfe } = sampler.carry(direction, cut(start), { ...with_, at });
        parts.ends.push(ends.clone().keep());
        if (states) parts.states.push(states.keep());
        evaluations += nfe;
      });
      done += some;
    }
    const batches = parts.ends.length;
    return {
      end: tidy(() => cat(parts.ends)).keep(),
      states: at ? tidy(() => cat(parts.states, { dim: 1 })).keep() : null,
      nfe: evaluations / batches,
      batches,
    };
  } finally {
    for (const t of [...parts.ends, ...parts.states]) t.dispose();
  }
}
