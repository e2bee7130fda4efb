// From the data of a fit to its configuration, the reasons and the forecast of its time.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { type Method, methodNamed, methods } from "@dsbm/bridge";
import {
  type CompleteTrainConfig,
  ConfigError,
  completeTrain,
  conditionColumn,
  configure,
  type FitConfig,
  fit,
  type Member,
  massKeys,
  pathMethods,
  printValue,
  type RegisteredNames,
} from "@dsbm/config";
import {
  type Datasets,
  loadPairs,
  marginalsOf,
  openDatasets,
  pictureFolders,
  pictureSizes,
} from "@dsbm/datasets";
import { readHoldout } from "@dsbm/evaluation";
import { evaluationShare, measureSpeed, type Speed, TimePlan } from "@dsbm/experiment";
import { checkBatch, threadsOf, trainingProblem } from "@dsbm/problem";
import { type Choice, Clock, duration, type Progress } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import {
  chooseHeldOut,
  chooseRules,
  chooseScale,
  chooseSize,
  fewSteps,
  fewTimes,
  fiveIterations,
  growthRules,
  leastBatch,
  leastChannels,
  mostSteps,
  oneIteration,
  pathRules,
  type Rule,
  rowsTogether,
  rule,
  type SizeKey,
  twiceTheWidth,
  twoIterations,
} from "./choose.js";
import { courseFacts, type DataFacts, dataFacts } from "./facts.js";
import { leaveOutSeconds } from "./leave-out.js";

/** The datasets of a fit as overrides, and the user's overrides, which no choice replaces. */
export type FitRequest = Pick<Member<unknown>, "base" | "overrides">;

interface Chosen {
  config: CompleteTrainConfig;
  own: Pick<FitConfig, "max_minutes" | "holdout" | "at" | "loo">;
}

/** A configuration with the reasons for its options and the forecast of its time. */
export interface FitPlan extends Chosen {
  choices: Choice[];
  time: TimePlan;
  /** The data of the choices, which the caller disposes; null: not loaded. */
  datasets: Datasets | null;
}

/** Names of all methods: those of a registry train one direction if both share a network. */
export const methodNames = (): RegisteredNames => ({
  method: Object.fromEntries(
    Object.keys(methods).map((name) => [
      name,
      { fb_sequence: methodNamed(name, { gammas: [1] }).networks === "each" ? null : ["b"] },
    ]),
  ),
});

export const fitMember = ({ base, overrides }: FitRequest): Member<FitConfig> =>
  configure(fit, overrides, {
    names: methodNames(),
    base,
  });

/** Throws ConfigError. */
export function configureFit({ base, overrides }: FitRequest, choices: readonly Choice[]): Chosen {
  const chosen = choices.filter(({ given }) => !given).map(({ key, value }) => [key, value]);
  const all = { base: { ...Object.fromEntries(chosen), ...base }, overrides };
  const { time: _, time_order: __, ...known } = fitMember(all).config;
  const { max_minutes, holdout, at, loo, ...run } = known;
  const config = completeTrain(run);
  // A closed form has no steps to plan.
  const minutes = isFitted(config) ? null : max_minutes;
  return { config, own: { max_minutes: minutes, holdout, at, loo } };
}

/** The choices so far; the user's own values count before them. */
class Choices {
  readonly list: Choice[] = [];

  constructor(private readonly request: FitRequest) {}

  isGiven(key: string): boolean {
    return Object.hasOwn(this.request.overrides, key);
  }

  get chosen(): Chosen {
    return configureFit(this.request, this.list);
  }

  /** The first choice of a key counts. */
  add(...rules: readonly Rule[]): void {
    for (const rule of rules) {
      const { key } = rule;
      if (this.list.some((one) => one.key === key)) continue;
      const value = printValue(this.request.overrides[key] ?? null);
      if (this.isGiven(key)) this.list.push({ key, value, reason: "it was given", given: true });
      else if (!key.startsWith("model.") || this.#usesDefault(key))
        this.list.push({ ...rule, given: false });
    }
  }

  /** Whether the network of this option is the usual network, although the user may have named it. */
  #usesDefault(key: string): boolean {
    const { model } = this.request.overrides;
    return model === undefined || (model === "UNET" && key !== "model.hidden");
  }

  /** Replaces a choice. Returns false if the user gave the key. */
  replace(rule: Rule): boolean {
    const at = this.list.findIndex(({ key, given }) => key === rule.key && !given);
    if (at >= 0) this.list[at] = { ...rule, given: false };
    return at >= 0;
  }

  /** Whether the user's options agree with these rules. */
  allows(rules: readonly Rule[]): boolean {
    try {
      configureFit(this.request, [
        ...this.list,
        ...rules.map((rule) => ({ ...rule, given: false })),
      ]);
      return true;
    } catch (error) {
      if (error instanceof ConfigError) return false;
      throw error;
    }
  }
}

interface Work {
  progress: Progress;
  signal: AbortSignal | undefined;
}

/** Throws the errors of data and configuration. */
export async function planFit(
  request: FitRequest,
  work: Work,
  began = performance.now() / 1000,
): Promise<FitPlan> {
  const choices = new Choices(request);
  // Threads that wait for each other take several times longer on a busy machine.
  if (Number(loadavg()[0]) > 1.5 * cpus().length)
    choices.add(rule("threads", 1, "other programs use the processors"));
  setNumThreads(threadsOf(choices.chosen.config));
  let datasets = await loadScaled(choices, work);
  try {
    const before = choices.chosen;
    // Refuse unusable files before training.
    for (const path of [before.own.holdout ?? []].flat())
      (await readHoldout(path, { datasets, config: before.config })).dispose();
    const hasPaths = choosePaths(choices, datasets);
    datasets = await reloaded(datasets, before.config, choices, work);
    const facts = dataFacts(datasets, before.config.seed, before.own.max_minutes);
    chooseOptions(choices, datasets, { facts, hasPaths });
    const forecastAt = (speed: Speed) => forecast(choices.chosen, { facts, speed, began });
    const speed = await chooseInTime(choices, datasets, { forecastAt, signal: work.signal });
    const time = forecastAt(speed);
    const { config, own } = choices.chosen;
    if (own.max_minutes !== null && !choices.isGiven("num_iter")) {
      const steps = time.forecast();
      const reason = `max_minutes=${own.max_minutes} allows these steps, at ${Number((1 / speed.step).toPrecision(2))} steps a second`;
      choices.add(rule("first_num_iter", steps[0], reason));
      const later = rule("num_iter", steps.at(-1) as number, `${reason}, simulations included`);
      choices.add(steps.length > config.fb_sequence.length ? later : organising(later));
      for (const key of ["gif_stride", "checkpoint_stride"])
        choices.add(organising(rule(key, 1_000_000_000, "only after half-iterations")));
    }
    const reserve = Math.ceil(time.limit.reserve);
    const why = "seconds kept for evaluation and report";
    const limits = [
      rule("max_minutes", own.max_minutes, "the time given"),
      organising(rule("reserve", reserve, why)),
    ];
    const list = [...choices.list, ...limits.map((one) => ({ ...one, given: true }))];
    return { ...choices.chosen, choices: list, time, datasets };
  } catch (error) {
    datasets.dispose();
    throw error;
  }
}

/** The data of the choices, loaded again if the choices since `before` change them. */
async function reloaded(
  datasets: Datasets,
  before: CompleteTrainConfig,
  choices: Choices,
  work: Work,
): Promise<Datasets> {
  const { config } = choices.chosen;
  // Of the options that choices change, loading reads these and, for exact bridges, sigma.
  const read = ({ data, method }: CompleteTrainConfig) => JSON.stringify([data, method]);
  if (read(before) === read(config)) return datasets;
  datasets.dispose();
  return openDatasets(config, work);
}

const organising = (chosen: Rule): Rule => ({ ...chosen, organising: true });

/** Loads the data with their own scale and share of held-out rows. */
async function loadScaled(choices: Choices, work: Work): Promise<Datasets> {
  const folders = pictureFolders(choices.chosen.config);
  if (folders.length > 0)
    choices.add(rule("model", "UNET", "the data are images"), ...(await pictureSizes(folders)));
  const { config } = choices.chosen;
  const datasets = await openDatasets(config, work);
  try {
    // Refuse unusable pairs before measurements.
    await loadPairs(config, datasets, work);
  } catch (error) {
    datasets.dispose();
    throw error;
  }
  if (!datasets.columns) return datasets;
  const { std } = datasets.columns.transform;
  const names = datasets.x0.facts?.named ? datasets.x0.facts.columns : null;
  choices.add(chooseScale({ std, names }));
  // Of few rows, those held out would be missing in the masses of small groups.
  const held = methodOf(config).mass ? null : chooseHeldOut(Math.min(...allRows(datasets)));
  if (held) choices.add(held);
  return reloaded(datasets, config, choices, work);
}

const allRows = (datasets: Datasets): number[] =>
  marginalsOf(datasets).map(({ train, test }) => train.size(0) + test.size(0));

/** Chooses method and paths of a time course of vectors. Returns whether it chose. */
function choosePaths(choices: Choices, datasets: Datasets): boolean {
  const { config, own } = choices.chosen;
  const isGiven = pathKeys.some((key) => choices.isGiven(key));
  const mayChoose = conditionColumn(config.data) === null && !isGiven;
  const course = mayChoose ? courseFacts(datasets, config.seed, own.max_minutes) : null;
  if (!course) return false;
  const paths = pathRules(course);
  if (!choices.allows(paths)) return false;
  choices.add(...paths);
  return true;
}

function chooseOptions(
  choices: Choices,
  datasets: Datasets,
  { facts, hasPaths }: { facts: DataFacts; hasPaths: boolean },
): void {
  const { config } = choices.chosen;
  const isGiven = (key: string) => choices.isGiven(key);
  const isConditional = conditionColumn(config.data) !== null;
  const isTyped = ["method", "first_coupling", ...massKeys].some(isGiven) || hasPaths;
  // A chosen method also chooses the coupling, unless the bridge refines its pairs.
  const ofMethod = refinesPairs(config) ? ["n_ipf"] : ["n_ipf", "ot_sampler"];
  // No two fields share a condition, so OT has nothing to pair.
  const methodKeys = [...(isTyped ? ofMethod : []), ...(config.cdsb ? ["ot_sampler"] : [])];
  const starts = ["precondition", "ot_sampler", "pairs"];
  const rules = chooseRules(facts, {
    mayUseMixture: !isConditional && !config.cdsb && !isTyped && !starts.some(isGiven),
    sigma: isGiven("sigma") ? config.sigma : undefined,
    fromReference: startsFromReference(config),
    grids: pathMethods.includes(config.method) ? facts.rows.length - 1 : 1,
  }).filter(({ key }) => !methodKeys.includes(key));
  // The number of iterations decides whether pairs are simulated.
  const iterations =
    rules.find(({ key }) => key === "n_ipf") ?? iterationsOf(choices.chosen.config);
  if (iterations) choices.add(iterations);
  const now = choices.chosen.config;
  if (methodOf(now).mass) choices.add(...growthRules(facts, choices.chosen.own.max_minutes));
  const unused = unusedOf(now);
  choices.add(...rules.filter(({ key }) => !unused.includes(key)));
  const { batch_size, ...chosen } = choices.chosen.config;
  const isPaired = chosen.ot_sampler !== null || methodOf(chosen).rows?.coupling !== undefined;
  const classes = datasets.columns?.condition?.classes?.length ?? null;
  if (isConditional && isPaired)
    choices.add(rowsTogether(batch_size, classes, Math.min(...facts.rows)));
}

/** The user of one of these has chosen the paths. */
const pathKeys = [
  "method",
  "interpolant",
  "first_coupling",
  "ot_sampler",
  "pairs",
  "n_ipf",
  ...massKeys,
];

type MethodFacts = Pick<Method, "model" | "predicts" | "plan" | "rows" | "mass">;

const methodOf = ({ method }: Pick<CompleteTrainConfig, "method">): MethodFacts =>
  method === "dsb" ? { predicts: "increment" } : methodNamed(method);

const isFitted = (config: CompleteTrainConfig): boolean =>
  methodOf(config).model?.fit !== undefined;

const isIterated = ({ predicts, rows, model }: MethodFacts): boolean =>
  predicts === "drift" && rows?.simulation !== "never" && !model?.fit;

const repeats = ({ half_iterations, first_pass }: CompleteTrainConfig): boolean =>
  half_iterations > first_pass;

const refinesPairs = (config: CompleteTrainConfig): boolean =>
  isIterated(methodOf(config)) && repeats(config) && config.first_coupling === "ind";

function startsFromReference(config: CompleteTrainConfig): boolean {
  const method = methodOf(config);
  const isIpf = isIterated(method) && config.first_coupling === "ref";
  return method.predicts === "increment" || isIpf;
}

function iterationsOf(config: CompleteTrainConfig): Rule | null {
  const { predicts, plan, rows, model } = methodOf(config);
  if (model?.fit || plan) return null;
  const once = (reason: string) => rule("n_ipf", 1, reason);
  if (rows?.simulation === "never") return once("a second one would train on the same pairs");
  if (predicts === "velocity")
    return once("a second one would make the flow straighter, but take as long");
  const chosen = startsFromReference(config) ? fiveIterations : twoIterations;
  return config.n_ipf >= Number(chosen.value) ? chosen : null;
}

function unusedOf(config: CompleteTrainConfig): readonly string[] {
  const { model, predicts, plan, rows } = methodOf(config);
  const simulates = !model?.fit && rows?.simulation !== "never" && repeats(config);
  const caches = simulates && config.cache === "disk";
  return [
    ...(model?.fit ? ["batch_size", "lr_warmup", "ema_rate"] : []),
    ...(model?.fit || plan ? ["model.hidden", "lr"] : []),
    ...(simulates ? [] : ["cache_npar", "cache_refresh_stride"]),
    // Discrete DSB simulates steps, not endpoints.
    ...(simulates && predicts !== "increment" ? [] : ["match_moments"]),
    ...(rows?.simulation === "step" && caches ? [] : ["online_cache"]),
  ];
}

/** Chooses the sizes of image networks and of their evaluations. Returns the speed of this machine. */
async function chooseInTime(
  choices: Choices,
  datasets: Datasets,
  { forecastAt, signal }: { forecastAt: (speed: Speed) => TimePlan } & Pick<Work, "signal">,
): Promise<Speed> {
  const { config, own } = choices.chosen;
  const { max_minutes } = own;
  const { clock } = forecastAt({ step: 0.01, pair: 0 });
  const measureOnce = async (): Promise<Speed> => {
    // Signals arrive between two turns.
    await new Promise((resolve) => setImmediate(setImmediate, resolve));
    signal?.throwIfAborted();
    const { config: now } = choices.chosen;
    const cacheFolder = mkdtempSync(join(tmpdir(), "dsbm-speed-"));
    const problem = trainingProblem(now, datasets, { cacheFolder });
    return measureSpeed(problem, clock.part(0.05), signal).finally(() =>
      rmSync(cacheFolder, { recursive: true, force: true }),
    );
  };
  if (isFitted(config)) return { step: 0, pair: 0 };
  checkBatch(config, datasets);
  if (datasets.shape.length === 1 || max_minutes === null) return measureOnce();
  // Narrow networks and few images first: the others are slow.
  const { batch_size: largest, num_steps } = config;
  const { num_channels: widest } = config.model as { num_channels: number };
  const least = Math.min(leastBatch, largest);
  let steps = 0;
  const resize = (key: SizeKey, value: number) => choices.replace(chooseSize(key, value, steps));
  const measure = async () => {
    const measured = await measureOnce();
    steps = Math.min(...forecastAt(measured).forecast());
    return measured;
  };
  let channels = resize("model.num_channels", leastChannels) ? leastChannels : widest;
  let batch = resize("batch_size", least) ? least : largest;
  let speed = await measure();
  const affordable = Math.min(largest, Math.floor((batch * steps) / fewSteps));
  if (affordable > batch) {
    batch = affordable;
    resize("batch_size", batch);
    speed = await measure();
  }
  while (channels < widest && steps / twiceTheWidth >= fewSteps) {
    channels *= 2;
    resize("model.num_channels", channels);
    speed = await measure();
  }
  // The reasons name the measured steps.
  resize("model.num_channels", channels);
  resize("batch_size", batch);
  if (steps >= fewSteps) return speed;
  if (choices.list.some(({ key, value }) => key === "n_ipf" && value === 2))
    choices.replace(oneIteration(steps));
  if (choices.replace(fewTimes(steps))) speed.pair *= choices.chosen.config.num_steps / num_steps;
  return speed;
}

const mostReserved = 0.35;
/** Seconds of the final evaluation and the report of vectors. */
const usualEnd = 20;

/** The time of a run from the speed of this machine. */
function forecast(
  chosen: Chosen,
  { facts, speed, began }: { facts: DataFacts; speed: Speed; began: number },
): TimePlan {
  const { config, own } = chosen;
  const all = own.max_minutes === null ? Number.POSITIVE_INFINITY : 60 * own.max_minutes;
  const leftOut = leaveOutSeconds(config, own.loo, all, speed.step);
  // There and back, in both directions.
  const simulations = Math.min(4 * config.test_npar * speed.pair, evaluationShare * all);
  const end = Math.min(usualEnd + simulations, mostReserved * (all - leftOut));
  return timePlan(chosen, {
    speed,
    began,
    reserve: leftOut + end,
    most: mostSteps(
      Math.min(...facts.rows),
      config.batch_size,
      methodOf(config).mass === true && facts.rows.length > 2,
    ),
  });
}

interface TimeFacts extends Pick<TimePlan["limit"], "reserve" | "most"> {
  speed: Speed;
  began: number;
}

export function timePlan({ config, own }: Chosen, { speed, began, ...limit }: TimeFacts): TimePlan {
  const seconds = own.max_minutes === null ? null : 60 * own.max_minutes;
  const clock = new Clock(seconds, { began });
  return new TimePlan({ ...limit, clock }, config, speed);
}

export function printPlan(
  { choices, own, config, time }: FitPlan,
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
}
