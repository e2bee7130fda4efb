import {
  type Chain,
  type Direction,
  divisorsOf,
  gridBetween,
  joinMass,
  resample,
  type TimeGrid,
  wholeGrid,
} from "@dsbm/bridge";
import { ConfigError, type SampleConfig } from "@dsbm/config";
import { type TimeConfig, timeScale, timeValues } from "@dsbm/datasets";
import { timeTitle } from "@dsbm/runs";
import { type Tensor, zeros } from "@dsbm/torch";
import { timesOf } from "@dsbm/train";
import type { Bridge } from "./bridge.js";
import type { OpenOptions } from "./bridge-options.js";
import { type Trained, usualDirection } from "./trained.js";

/** Options of `dsbm sample` on the way of samples. */
export type PlanConfig = Pick<
  SampleConfig,
  | "direction"
  | "from"
  | "to"
  | "seed"
  | "path"
  | "batch_size"
  | "steps"
  | "diffusion"
  | "guidance"
  | "solver"
  | "ode_tol"
  | "ode_step_size"
>;

/** How a bridge goes along a part of the time. */
interface SamplePlan {
  direction: Direction;
  grid: TimeGrid;
  /** Process times of the states, the start first. */
  times: readonly number[];
  /** Rows of a batch. */
  batchRows: number;
}

/**
 * @throws {ConfigError} for an untrained direction, for steps that the method cannot take, and for a part of the time
 * if the method needs the whole.
 */
export function planSamples(
  bridge: Bridge,
  config: PlanConfig,
  whole = gridOf(bridge.trained, config.steps),
): SamplePlan {
  const { trained, sampler } = bridge;
  const { solver, path } = config;
  const journey = journeyOf(trained.config, config, usualDirection(trained));
  const { direction } = journey;
  if (solver === "sde") checkSteps(bridge, direction, config.steps);
  else if (trained.method.sampler)
    throw new ConfigError(
      `solver=${solver}: ${trained.method.name} has steps of its own and no probability flow: write solver=sde`,
    );
  checkNoise(trained, bridge.networks, config);
  const grid = partOf(whole, journey, trained);
  const times = timesOf(direction, grid);
  const unit = sampler.rowMultiple(solver);
  const rows = config.batch_size ?? usualBatch(trained.shape, path ? times.length : 1);
  return { direction, grid, times, batchRows: Math.ceil(rows / unit) * unit };
}

function partOf(
  whole: TimeGrid,
  { start, end }: SamplingTimes,
  { method, config }: Trained,
): TimeGrid {
  const low = Math.min(start, end);
  const high = Math.max(start, end);
  if (low === 0 && high === 1) return whole;
  const isWhole = method.plan || method.dividesSteps || method.predicts === "increment";
  if (!isWhole) return gridBetween(whole, low, high);
  throw new ConfigError(
    `from=${timeLabel(config, start)} to=${timeLabel(config, end)}: ${method.name} samples from the first time to the last alone: leave from and to out`,
  );
}

/** Samples [n, d] with a column of log masses 0. */
export const withUnitMass = (x: Tensor): Tensor =>
  joinMass(x, zeros([x.size(0)], { device: x.device, dtype: x.dtype }));

/** The training grid, or a grid with this number of steps (in each interval of a time course). */
export function gridOf(
  { grid, chain }: { grid: TimeGrid; chain?: Chain | null | undefined },
  steps: number | null,
): TimeGrid {
  const each = steps === null || steps === grid.steps.length ? grid : resample(grid, steps);
  return chain ? wholeGrid(chain, each) : each;
}

const usualBatch = (shape: readonly number[], states: number): number =>
  shape.length > 1 ? 100 : Math.min(20_000, Math.ceil(2 ** 22 / (shape[0] * states)));

function checkSteps(
  { trained: { directions, folder, method, grid }, networks }: Bridge,
  direction: Direction,
  steps: number | null,
): void {
  const n = grid.steps.length;
  if (method.predicts === "increment" && steps !== null && steps !== n)
    throw new ConfigError(
      `steps=${steps}: the networks of ${method.name} predict increments of the ${n} steps they were trained on: leave steps out${method.sampler ? "" : ", or write solver=dopri5"}`,
    );
  if (method.dividesSteps && steps !== null && n % steps !== 0)
    throw new ConfigError(
      `steps=${steps}: ${folder} samples in ${divisorsOf(n).join(", ")} steps: write one of these, or dsbm distill with steps=${steps}`,
    );
  if (networks[direction]) return;
  const never = !directions.includes(direction) && method.networks === "each";
  const has = (["b", "f"] as const).filter((d) => networks[d]).join(" and ");
  throw new ConfigError(
    `direction=${direction} ${never ? "is not trained by this run" : "has not been trained yet"}: ${folder} has ${has}; write direction=${direction === "b" ? "f" : "b"}${method.sampler ? "" : ", or solver=dopri5, whose probability flow runs both ways"}`,
  );
}

/**
 * Refuses changed noise without the drifts of both directions, whose sum is the score, and guidance
 * of networks that always had their condition.
 * @throws {ConfigError} if diffusion or guidance does not apply.
 */
function checkNoise(
  { config, folder, method }: Trained,
  networks: { readonly [direction in Direction]: unknown },
  { diffusion, guidance }: { diffusion: number | null; guidance: number },
): void {
  if (diffusion !== null && (method.predicts !== "drift" || method.plan || method.sampler))
    throw new ConfigError(
      `diffusion=${diffusion}: ${method.name} follows no drift with noise: leave diffusion out`,
    );
  const missing = (["b", "f"] as const).find((d) => !networks[d]);
  if (diffusion !== null && missing)
    throw new ConfigError(
      `diffusion=${diffusion} needs the drifts of both directions, and ${folder} has no weights of ${missing} yet: leave diffusion out, or train that direction`,
    );
  if (guidance === 1 || (config.condition_dropout > 0 && !method.sampler)) return;
  const cure = method.sampler
    ? `${method.name} has steps of its own: leave guidance out`
    : "its networks always had their condition: leave guidance out, or train with condition_dropout=0.1";
  throw new ConfigError(`guidance=${guidance} does not apply to ${folder}: ${cure}`);
}

/**
 * A run with the noise and the guidance of `Bridge.open`.
 * @throws {ConfigError} as `checkNoise` and for a `step_variance` that the run cannot take.
 */
export function withNoise(
  read: Trained,
  {
    diffusion = null,
    guidance = 1,
    step_variance = null,
  }: Pick<OpenOptions, "diffusion" | "guidance" | "step_variance">,
): Trained {
  const steps = withStepVariance(read, step_variance);
  const trained = { ...steps, guidance, ...(diffusion !== null && { diffusion }) };
  checkNoise(trained, trained.models, { diffusion, guidance });
  return trained;
}

/**
 * A run with another noise of steps; null: as trained.
 * @throws {ConfigError} for a method without steps along a drift, and for `analytic` in a run that has not measured it.
 */
function withStepVariance(trained: Trained, step_variance: SampleConfig["step_variance"]): Trained {
  if (step_variance === null || step_variance === trained.stepVariance) return trained;
  const { method, folder, stepVariance } = trained;
  if (method.predicts !== "drift" || method.plan || method.sampler)
    throw new ConfigError(
      `step_variance=${step_variance}: ${method.name} has no steps along a drift: leave step_variance out`,
    );
  if (step_variance === "analytic")
    throw new ConfigError(
      `step_variance=analytic is measured in training, and ${folder} was trained with step_variance=${stepVariance}: write step_variance=process, or train with step_variance=analytic`,
    );
  // The noise of a bridge leaves none for the last step.
  return { ...trained, stepVariance: step_variance, lastNoise: step_variance === "process" };
}

const timeTolerance = 1e-9;

/**
 * A process time in the user's units: a dataset's value, a number between, or else the process
 * time.
 */
export function timeLabel(config: TimeConfig, time: number): string {
  const here = timeValues(config).find((one) => Math.abs(one.time - time) < timeTolerance);
  if (here) return here.value;
  const scale = timeScale(config);
  return String(Number((scale ? scale.from + time * scale.length : time).toPrecision(6)));
}

/** `timeLabel` with the name of the times: "day 3". */
export const timeName = (config: TimeConfig, time: number): string =>
  timeTitle(config.data.split_by ?? "time", timeLabel(config, time));

/**
 * The process time of a user's time.
 * @throws {ConfigError} that names `key` for other values.
 */
export function processTime(config: TimeConfig, label: string, key: string): number {
  const values = timeValues(config);
  const number = label.trim() === "" ? Number.NaN : Number(label);
  const here = values.find(({ value }) => value === label || Number(value) === number);
  if (here) return here.time;
  const scale = timeScale(config);
  const time = scale ? (number - scale.from) / scale.length : Number.NaN;
  if (time >= -timeTolerance && time <= 1 + timeTolerance) return Math.min(1, Math.max(0, time));
  const names = values.map(({ value }) => value).join(", ");
  throw new ConfigError(
    `${key}=${label}: expected ${names === "" ? `a time between ${scale?.from} and ${(scale?.from ?? 0) + (scale?.length ?? 1)}` : `one of ${names}${scale ? ", or a time between them" : ""}`}`,
  );
}

/** Start and end of sampling, in process times. */
interface SamplingTimes {
  direction: Direction;
  start: number;
  end: number;
}

/**
 * The journey of the options from and to, or a whole direction.
 * @throws {ConfigError} for times that do not fit.
 */
function journeyOf(
  config: TimeConfig,
  options: { from: string | null; to: string | null; direction: Direction | null },
  usual: Direction,
): SamplingTimes {
  const time = (key: "from" | "to") => {
    const label = options[key];
    return label === null ? null : processTime(config, label, key);
  };
  const from = time("from");
  const to = time("to");
  const isBack = from !== null && to !== null ? from > to : from === 1 || to === 0;
  const isGiven = from !== null || to !== null;
  const direction = options.direction ?? (isGiven ? (isBack ? "b" : "f") : usual);
  const start = from ?? (direction === "f" ? 0 : 1);
  const end = to ?? (direction === "f" ? 1 : 0);
  if (direction === "f" ? end - start > timeTolerance : start - end > timeTolerance)
    return { direction, start, end };
  throw new ConfigError(
    `from=${timeLabel(config, start)} to=${timeLabel(config, end)} with direction=${direction}: expected ${direction === "f" ? "a later" : "an earlier"} time at to; leave direction out`,
  );
}
