import type { CompleteTrainConfig } from "@dsbm/config";
import { holdoutsOf } from "@dsbm/evaluation";
import { loadDatasets, threadsOf, trainingProblem } from "@dsbm/problem";
import { Clock, duration, type Progress, runPaths } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { TimeEstimate } from "../forecast/estimate.js";
import { measureSpeed, type Speed } from "../forecast/speed.js";
import { evaluationShare, TimePlan } from "../forecast/time-plan.js";
import {
  chooseChannels,
  choosePictures,
  endSimulations,
  fewSteps,
  leastChannels,
  mostSteps,
  oneIteration,
  type Rule,
  rule,
  twiceTheWidth,
} from "./choose.js";
import type { DataFacts } from "./facts.js";
import { leaveOutSeconds } from "./leave-out.js";
import {
  type Chosen,
  configureFit,
  type FitRequest,
  isFitted,
  type Prepared,
  prepare,
} from "./prepare.js";
import type { Choice } from "./saved.js";

export interface PlannedFit extends Chosen {
  choices: Choice[];
  time: TimePlan;
}

const mostReserved = 0.35;
/** Seconds of processor time for the final evaluation; a busy machine needs longer. */
const leastEnd = { seconds: 4, share: 0.5 };

interface TimeFacts {
  speed: Speed;
  /** Seconds kept for evaluation and report; default: estimated from the data. */
  reserve?: number;
  facts?: DataFacts;
  /** Factor by which this machine is slower than when idle. */
  slowdown?: number;
  began?: number;
}

export function timePlan(
  { config, own }: Chosen,
  { speed, reserve, facts, slowdown = 1, began }: TimeFacts,
): TimePlan {
  const { batch_size, first_num_iter, num_iter } = config;
  const seconds = own.max_minutes === null ? null : 60 * own.max_minutes;
  const whole = facts ? evaluationSeconds(facts, config, speed) : 0;
  const all = seconds ?? Number.POSITIVE_INFINITY;
  const most = (evaluationShare * all) / config.half_iterations;
  const evaluation = Math.min(whole, most);
  const leftOut = leaveOutSeconds(config, own.loo, all);
  const end = facts
    ? endSeconds(facts, holdoutsOf(own).length) + endSimulations * whole
    : (reserve ?? 20 + leftOut) - leftOut;
  const limit = {
    clock: new Clock(seconds, { began }),
    reserve:
      leftOut +
      Math.max(
        Math.min(end, mostReserved * (all - leftOut)),
        Math.min(leastEnd.seconds * slowdown, leastEnd.share * all),
      ),
    most: facts
      ? mostSteps(Math.min(...facts.rows), batch_size)
      : Math.max(first_num_iter, num_iter),
    earlyStop: own.early_stop,
  };
  return new TimePlan(limit, config, new TimeEstimate(config, { speed, evaluation }));
}

/** From 1,000 to 8,000 rows the solver takes 8^2.25 times as long (measured). */
const planTime = ({ planSeconds, planned }: DataFacts, n: number): number =>
  planSeconds * (n / Math.max(1, planned)) ** 2.25;

function evaluationSeconds(
  facts: DataFacts,
  { test_npar }: CompleteTrainConfig,
  { pair }: Speed,
): number {
  if (facts.shape.length > 1) return test_npar * pair;
  const n = Math.min(test_npar, 0.1 * Math.max(...facts.rows));
  return n * pair + 3 * planTime(facts, Math.min(2000, n));
}

function endSeconds(facts: DataFacts, holdouts: number): number {
  const { rows, shape } = facts;
  if (shape.length > 1) return 20;
  const plan = (n: number) => planTime(facts, n);
  const n = Math.min(10_000, Math.max(...rows));
  // Two plans between all rows and five between halves run in turn: other cores may be busy.
  return 14 + 12 * plan(Math.min(2000, 0.1 * n)) + holdouts * (2 * plan(n) + 5 * plan(n / 2));
}

/** Throws the errors of data and configuration. */
export async function planFit(
  request: FitRequest,
  options: { progress: Progress; signal: AbortSignal | undefined },
  began = performance.now() / 1000,
): Promise<PlannedFit> {
  const load = loadSince();
  const prepared = await prepare(request, options);
  const { facts, own, choices } = prepared;
  const { config, speed } = await inTime(prepared, request, began);
  const time = timePlan({ config, own }, { speed, facts, slowdown: load(), began });
  const isGiven = (key: string) => Object.hasOwn(request.overrides, key);
  if (own.max_minutes !== null && !isGiven("num_iter")) {
    const steps = time.forecast();
    const reason = `the steps that max_minutes=${own.max_minutes} allows at ${(1 / speed.step).toFixed(0)} steps a second`;
    const later = rule("num_iter", steps.at(-1) as number, `${reason}, simulations included`);
    const isLater = steps.length > config.fb_sequence.length;
    choices.push({ ...rule("first_num_iter", steps[0] as number, reason), given: false });
    choices.push({ ...later, given: false, ...(!isLater && { organising: true }) });
    for (const key of ["gif_stride", "checkpoint_stride"])
      choices.push({
        ...rule(key, 1_000_000_000, "only after half-iterations"),
        given: isGiven(key),
        organising: true,
      });
  }
  choices.push({ ...rule("max_minutes", own.max_minutes, "the time given"), given: true });
  const reserve = Math.ceil(time.limit.reserve);
  choices.push({
    ...rule("reserve", reserve, "seconds kept for evaluation and report"),
    given: true,
    organising: true,
  });
  return { ...configureFit(request, choices), choices, time };
}

/** Seconds that pass for each second of a processor, from now on. */
function loadSince(): () => number {
  const began = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    return Math.max(1, (1000 * (performance.now() - began)) / (user + system));
  };
}

async function inTime(
  { facts, own, choices, ...chosen }: Prepared,
  request: FitRequest,
  began: number,
): Promise<{ config: CompleteTrainConfig; speed: Speed }> {
  let { config } = chosen;
  const { max_minutes } = own;
  if (isFitted(config)) return { config, speed: { step: 0, pair: 0 } };
  if (facts.shape.length === 1 || max_minutes === null)
    return { config, speed: await speedOf(config) };
  /** Returns false if the user gave the key. */
  const change = (chosen: Rule): boolean => {
    const at = choices.findIndex(({ key, given }) => key === chosen.key && !given);
    if (at >= 0) choices[at] = { ...chosen, given: false };
    ({ config } = configureFit(request, choices));
    return at >= 0;
  };
  const stepsOf = (speed: Speed) => {
    change(choosePictures(speed.pair, 60 * max_minutes, config.half_iterations));
    return Math.min(...timePlan({ config, own }, { speed, facts, began }).forecast());
  };
  // From narrow to wide: wide networks are slow.
  const widest = (config.model as { num_channels: number }).num_channels;
  const whole = choices.find(({ key }) => key === "model.num_channels");
  let channels = change(chooseChannels(leastChannels, 0)) ? leastChannels : widest;
  let speed = await speedOf(config);
  let steps = stepsOf(speed);
  while (channels < widest && steps / twiceTheWidth >= fewSteps) {
    channels *= 2;
    change(chooseChannels(channels, 0));
    speed = await speedOf(config);
    steps = stepsOf(speed);
  }
  if (whole) change(channels < widest ? chooseChannels(channels, steps) : whole);
  const isTwo = choices.some(({ key, value }) => key === "n_ipf" && value === 2);
  if (steps < fewSteps && isTwo && change(oneIteration(steps))) stepsOf(speed);
  return { config, speed };
}

async function speedOf(config: CompleteTrainConfig): Promise<Speed> {
  setNumThreads(threadsOf(config));
  const ends = loadDatasets(config);
  try {
    return await measureSpeed(trainingProblem(config, ends, { cacheFolder: runPaths("").cache }));
  } finally {
    ends.dispose();
  }
}

export function printPlan(
  { choices, own, config, time }: PlannedFit,
  { line }: Pick<Progress, "line">,
): void {
  const visible = choices.filter(({ key, organising }) => !organising && key !== "max_minutes");
  const text = ({ key, value }: Choice) => `${key}=${value}`;
  const width = Math.max(...visible.map((choice) => text(choice).length));
  for (const choice of visible) line(`${text(choice).padEnd(width)}  because ${choice.reason}`);
  if (isFitted(config)) line("time: a closed form, evaluation and report; no training steps");
  if (own.max_minutes === null) return;
  const steps = time
    .forecast()
    .map((n, i) => `${n} ${config.fb_sequence[i % config.fb_sequence.length]}`);
  line(
    `time: ${duration(60 * own.max_minutes)} in all, about ${duration(time.limit.reserve)} of it for evaluation and report; half-iterations of ${steps.join(", ")} steps, replanned during the run`,
  );
  if (time.least > 60 * own.max_minutes)
    line(
      `the run will take longer, about ${duration(time.least)}: networks learn nothing in fewer steps; for more steps write max_minutes=${Math.ceil((3 * time.least) / 60)}`,
    );
}
