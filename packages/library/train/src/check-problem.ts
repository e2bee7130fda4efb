// What makes sense in a problem, and the error for everything else.
import {
  argumentError,
  checkBrownian,
  checkEndpoints,
  checkPairs,
  groupsByConditions,
} from "@dsbm/bridge";
import { type CompleteProblem, firstMatching, type Problem } from "./problem.js";

const refuse = (message: string): never => {
  throw argumentError(message);
};

function checkIntegers(least: number, values: Record<string, number>): void {
  for (const [name, x] of Object.entries(values))
    if (!Number.isInteger(x) || x < least)
      refuse(`${name} is ${x}; expected an integer of at least ${least}`);
}

function checkBatch({ data, method, optimisation, execution }: CompleteProblem): void {
  const { batchSize, repeat } = optimisation;
  const { ranks, shareBatch, cache } = execution;
  if (batchSize % repeat !== 0)
    refuse(
      `batchSize is ${batchSize}, not a multiple of ${repeat} repeats of each pair; use a multiple of ${repeat}`,
    );
  const pairs = batchSize / repeat;
  if (shareBatch !== false && pairs < ranks.size)
    refuse(
      `a batch of ${pairs} pairs cannot be shared by ${ranks.size} processes: use a larger batch, fewer processes, or shareBatch: false`,
    );
  const rows = Math.min(data.x0.size(0), data.x1.size(0));
  if (pairs > rows && !method.method.model?.fit)
    refuse(
      `batchSize is ${batchSize}, but there are only ${rows} samples in one dataset; use a smaller batch`,
    );
  if (cache && cache.npar < pairs)
    refuse(`cache.npar is ${cache.npar}, fewer pairs than the ${pairs} of one batch; use more`);
}

function checkMatching(problem: CompleteProblem): void {
  const { method, batchCoupling } = problem.method;
  const { data } = problem;
  if (!method.rows?.pairs)
    refuse(`matchConditions with ${method.name}, which is trained on no pairs; leave it out`);
  // A method of chains pairs samples that are alone with their condition as they are.
  const transported = batchCoupling ?? (method.rows?.chains ? undefined : method.rows?.coupling);
  const conditions = data.conditions?.x0;
  if (
    transported &&
    conditions &&
    groupsByConditions(conditions).every((rows) => rows.length === 1)
  )
    refuse(
      "transport within batches pairs samples of one condition, and no two of x0 have the same; leave transport out, or do not match conditions",
    );
  const { batchSize, repeat } = problem.optimisation;
  const rows = firstMatching(problem)?.rows.length ?? 0;
  if (rows < batchSize / repeat)
    refuse(
      `batchSize is ${batchSize}, but only ${rows} samples of x0 have conditions of x1; use a smaller batch`,
    );
}

function checkKnown({ method: { method }, data }: CompleteProblem): void {
  if (!data.pairs) return;
  if (!method.rows?.pairs)
    refuse(`data.pairs with ${method.name}, which is trained on no pairs; leave them out`);
  checkPairs(data.pairs, data);
}

function checkMethod({ method: { method, teacher }, process }: CompleteProblem): void {
  const { name, model, rows, regression, loss, onlyBrownian } = method;
  if (!model?.fit && !(rows && (regression || loss)))
    refuse(`${name} has neither model.fit, nor rows and one of regression and loss; give it those`);
  if (rows?.simulation === "teacher" && teacher === null)
    refuse(
      `${name} learns from the pairs of another bridge; give it teacher, such as the sampler of a trained run`,
    );
  if (onlyBrownian) checkBrownian(model ? `${name} with ${model.type.name}` : name, process);
}

function checkStepVariance({ method: { method, stepVariance }, process }: CompleteProblem): void {
  const { name, predicts, plan, rows } = method;
  if (stepVariance !== "analytic") return;
  checkBrownian('stepVariance "analytic"', process);
  if (predicts !== "drift" || plan || !rows?.pairs)
    refuse(
      `stepVariance "analytic" is for methods that learn a drift from pairs, got ${name}: write "process" or "bridge"`,
    );
}

/** Without noise the bridge is a straight line, which has no drift, score or plan. */
function checkNoise({ method: { method }, process }: CompleteProblem): void {
  const isTaught = method.rows?.simulation === "teacher";
  if (process.sigma === 0 && method.predicts !== "velocity" && !isTaught)
    refuse(
      `process.sigma is 0, and ${method.name} learns a bridge with noise: write brownian({ sigma: 1 }), or methods.rectifiedflow for straight lines`,
    );
}

function checkChain({ method: { method }, data, process }: CompleteProblem): void {
  if (!data.chain) return;
  if (!method.rows?.chains)
    refuse(
      `${method.name} learns no more than two datasets; with several use dsbm, sf2m, rectifiedflow or alpha_dsbm`,
    );
  checkBrownian(`${method.name} of several datasets`, process);
  if (!data.conditions?.x0?.interval || !data.conditions.x1?.interval)
    refuse("data.chain without the interval of each row; make the tables by chainEndpoints");
}

function checkSequence({ method: { method }, schedule }: CompleteProblem): void {
  const { sequence, halfIterations } = schedule;
  if (sequence.length === 0) refuse("sequence is empty; expected at least one of f and b");
  const repeats = sequence.some((d, i) => d === sequence[(i + 1) % sequence.length]);
  if (method.predicts === "increment" && repeats && halfIterations > 1)
    refuse(
      `${method.name} learns each direction from the other: the sequence must alternate between b and f, got ${sequence}`,
    );
}

/** Checks `full`, which is `given` with defaults filled in. */
export function checkProblem(full: CompleteProblem, problem: Problem): void {
  const { data } = problem;
  const { halfIterations, steps, firstSteps, firstIteration, firstPass } = full.schedule;
  const { batchSize, repeat, lrWarmup } = full.optimisation;
  const { accumulate, logEvery, cache } = full.execution;
  checkIntegers(1, { halfIterations, steps, firstSteps, batchSize, repeat, accumulate, logEvery });
  checkIntegers(0, { firstIteration, firstPass, lrWarmup });
  if (cache)
    checkIntegers(1, {
      "cache.npar": cache.npar,
      "cache.batchSize": cache.batchSize,
      "cache.refreshStride": cache.refreshStride,
    });
  if (full.method.couplingRows != null)
    checkIntegers(1, { couplingRows: full.method.couplingRows });
  checkMethod(full);
  checkNoise(full);
  checkStepVariance(full);
  checkChain(full);
  checkEndpoints(full.data);
  for (const end of ["x0", "x1"] as const)
    if (!data.decode && data[end].dtype !== "float32")
      refuse(
        `data.${end} is ${data[end].dtype}, and networks take float32: write ${end}.to({ dtype: "float32" }), or give data.decode`,
      );
  checkBatch(full);
  checkKnown(full);
  if (full.method.matchConditions) checkMatching(full);
  checkSequence(full);
}
