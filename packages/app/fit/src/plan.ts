// From the data of a fit to its configuration, the reasons and the forecast of its time.
import { cpus, loadavg } from "node:os";
import type { CompleteTrainConfig } from "@dsbm/config";
import { channelFacts, levelPlaces } from "@dsbm/data";
import {
  type Columns,
  type Datasets,
  fieldFiles,
  fieldSizes,
  growthEstimate,
  growthFacts,
  growthNumbers,
  loadPairs,
  marginalsOf,
  openDatasets,
  pictureFolders,
  pictureSizes,
} from "@dsbm/datasets";
import { checkInception, readHoldout } from "@dsbm/evaluation";
import type { Speed, TimePlan } from "@dsbm/experiment";
import { threadsOf } from "@dsbm/problem";
import type { Choice, GrowthFacts, Progress } from "@dsbm/runs";
import { setNumThreads, tidy } from "@dsbm/torch";
import { Choices } from "./choices.js";
import { dataFacts } from "./facts.js";
import { forecastLines } from "./forecast.js";
import { heavyColumns } from "./heavy-columns.js";
import { chooseInTime } from "./image-size.js";
import { chooseLatent, chooseLatentPlan } from "./latent.js";
import { matrixFacts } from "./matrix-facts.js";
import { chooseOptions } from "./options.js";
import { chooseGrowth, choosePaths } from "./paths.js";
import type { FitConfiguration, FitRequest } from "./request.js";
import { type BoundFacts, boundRules } from "./rules/bounds.js";
import { countRules } from "./rules/counts.js";
import { hasOwnModel, methodOf } from "./rules/iterations.js";
import { internalRule, type Rule, rule, twoDigits } from "./rules/rule.js";
import { chooseCategories, chooseHeldOut, chooseScale } from "./rules/table.js";
import { textColumns } from "./text-columns.js";
import { forecastTime } from "./time.js";

/** A configuration with the reasons for its options and the forecast of its time. */
export interface FitPlan extends FitConfiguration {
  /** The choices with their reasons, the user's values among them. */
  choices: Choice[];
  /** The forecast of the time. */
  time: TimePlan;
  /** What the time will do, a line each. */
  forecast: string[];
  /** The data of the choices, which the caller disposes; null: not loaded. */
  datasets: Datasets | null;
}

interface PlanningOptions {
  progress: Progress;
  signal: AbortSignal | undefined;
  /** Whether the plan is only shown. */
  isShown?: boolean;
}

/**
 * Chooses the options of a fit from its data. `began` is the start of the run in seconds of performance.now().
 * @throws the errors of data and configuration.
 */
export async function planFit(
  request: FitRequest,
  work: PlanningOptions,
  began: number = performance.now() / 1000,
): Promise<FitPlan> {
  const choices = new Choices(request);
  // Threads that wait for each other take several times longer on a busy machine.
  if (Number(loadavg()[0]) > 1.5 * cpus().length)
    choices.add(rule("threads", 1, "other programs use the processors"));
  setNumThreads(threadsOf(choices.configuration.config));
  let datasets = await loadScaled(choices, work);
  try {
    const { config, own } = choices.configuration;
    // Refuse unusable files before training.
    for (const path of [own.holdout ?? []].flat())
      (await readHoldout(path, { datasets, config })).dispose();
    chooseGrowth(choices);
    const hasPaths = choosePaths(choices, datasets);
    datasets = await reloadDatasets(datasets, config, choices, work);
    datasets = await chooseLatent(choices, datasets, { ...work, began });
    const facts = dataFacts(datasets, config.seed, own.max_minutes);
    chooseOptions(choices, datasets, { facts, hasPaths });
    const isGiven = (key: string) => choices.isGiven(key);
    const forecastAt = (speed: Speed) =>
      forecastTime(choices.configuration, { facts, speed, began, isGiven });
    const speed = await chooseInTime(choices, datasets, { forecastAt, signal: work.signal });
    chooseLatentPlan(choices, facts.rows);
    const time = forecastAt(speed);
    if (!isGiven("num_iter")) chooseSteps(choices, time, speed);
    choices.explainUnused();
    const { configuration } = choices;
    const forecast = forecastLines({ ...configuration, facts, datasets, time });
    const list = [
      ...choices.list,
      ...evenTimesOf(configuration.config),
      ...growthLengthOf(configuration.config, datasets),
    ];
    return {
      ...configuration,
      choices: listOf(list, configuration, time),
      time,
      forecast,
      datasets,
    };
  } catch (error) {
    datasets.dispose();
    throw error;
  }
}

/** Chooses the steps that the time allows. */
function chooseSteps(choices: Choices, time: TimePlan, { step }: Speed): void {
  const { config, own } = choices.configuration;
  if (own.max_minutes === null) return;
  const steps = time.forecast();
  const reason = `max_minutes=${own.max_minutes} allows these steps, at ${Number((1 / step).toPrecision(2))} steps a second`;
  choices.add(rule("first_num_iter", steps[0], reason));
  const isPrinted = steps.length > config.fb_sequence.length;
  const last = (isPrinted ? rule : internalRule)(
    "num_iter",
    steps.at(-1) as number,
    `${reason}, simulations included`,
  );
  choices.add(last);
  for (const key of ["gif_stride", "checkpoint_stride"])
    choices.add(internalRule(key, 1_000_000_000, "only after half-iterations"));
}

/** What is said of a time course whose times are texts or not given. */
function evenTimesOf({ Dataset_between, times }: CompleteTrainConfig): Choice[] {
  if (Dataset_between === null || times !== null) return [];
  const reason = "its times are no numbers: they are taken as evenly spaced from 0 to 1";
  return [{ ...rule("times", null, reason), given: true }];
}

/** The length of growth that training takes from the data. It is said, not chosen: leave-one-out has its own lengths. */
function growthLengthOf(config: CompleteTrainConfig, datasets: Datasets): Choice[] {
  if (config.delta !== null || !methodOf(config).mass) return [];
  const said = (delta: number, reason: string) => [
    { ...rule("delta", twoDigits(delta), reason), given: true },
  ];
  const estimate = growthEstimate(config, datasets);
  if (estimate) return said(...estimatedLength(growthFacts(estimate)));
  const { delta } = tidy(() => growthNumbers(config, datasets));
  return delta === undefined
    ? []
    : said(delta, "it is 1.5 times as far as plans of growth move rows");
}

/** The length of estimated growth, and why. */
function estimatedLength({ lengths, best, finding }: GrowthFacts): [delta: number, reason: string] {
  const { delta, agreement } = lengths[best];
  const others = `of the lengths ${lengths.map((one) => twoDigits(one.delta)).join(", ")}`;
  const halves = `halves of the rows correlate by ${twoDigits(agreement)}`;
  const doubt = {
    none: ", which is no growth",
    unidentified: ", but growth depends on the length",
    identified: "",
  };
  return [delta, `${others}, its growth has the least error: ${halves}${doubt[finding]}`];
}

/** The choices with the time, which a resumed run reads. */
function listOf(
  choices: readonly Choice[],
  { own: { max_minutes } }: FitConfiguration,
  time: TimePlan,
): Choice[] {
  const limits = [
    rule("max_minutes", max_minutes, ""),
    internalRule(
      "reserve",
      Math.ceil(time.limit.reserve),
      "seconds kept for evaluation and report",
    ),
  ];
  return [...choices, ...limits.map((limit) => ({ ...limit, given: true }))];
}

/** The data of the choices, loaded again if the choices since `before` change them. */
async function reloadDatasets(
  datasets: Datasets,
  before: CompleteTrainConfig,
  choices: Choices,
  work: PlanningOptions,
): Promise<Datasets> {
  const { config } = choices.configuration;
  // Of the options that choices change, loading reads these and, for exact bridges, sigma.
  const read = ({ data, method }: CompleteTrainConfig) => JSON.stringify([data, method]);
  if (read(before) === read(config)) return datasets;
  datasets.dispose();
  return openDatasets(config, work);
}

/** Loads the data with their own scale and share of held-out rows. */
async function loadScaled(choices: Choices, work: PlanningOptions): Promise<Datasets> {
  const { config: given } = choices.configuration;
  const networkRule = hasOwnModel(given) ? internalRule : rule;
  const folders = pictureFolders(given);
  if (folders.length > 0)
    choices.add(
      networkRule("model", "UNET", "the data are images"),
      ...(await pictureSizes(folders)),
    );
  const files = fieldFiles(given);
  if (files.length > 0)
    choices.add(
      networkRule("model", "UNET", "the data are fields"),
      rule("metrics.spectrum", true, "small scales of fields show in their energy spectrum"),
      ...(await fieldSizes(files, given.data)),
    );
  const counts = await matrixFacts(choices.configuration.config, work);
  if (counts) choices.add(...countRules(counts));
  const texts = await textColumns(choices.configuration.config);
  if (texts.length > 0) choices.add(chooseCategories(texts));
  const { config } = choices.configuration;
  const datasets = await openDatasets(config, work);
  try {
    // Refuse unusable files before measurements.
    await loadPairs(config, datasets, work);
    checkInception(config.metrics);
  } catch (error) {
    datasets.dispose();
    throw error;
  }
  if (datasets.columns) {
    // Principal components are coordinates of one space.
    const heavy = config.data.components === null ? heavyColumns(datasets) : [];
    choices.add(chooseScale({ ...scaleFacts(datasets.columns), heavy }));
  }
  const heldOut = heldOutRule(config, datasets);
  if (heldOut) choices.add(heldOut);
  choices.add(...boundRules(boundFacts(datasets)));
  return reloadDatasets(datasets, config, choices, work);
}

/** The deviations and the names of columns that are no levels of categories. */
function scaleFacts({ names, named, categories, transform }: Columns) {
  const levels = levelPlaces(names, categories);
  const isNumber = (_: unknown, k: number) => !levels.has(k);
  return {
    std: transform.std.filter(isNumber),
    names: named ? names.filter(isNumber) : null,
  };
}

/** Facts of the columns of tables, or of the channels of fields. */
const boundFacts = (datasets: Datasets): BoundFacts[] =>
  marginalsOf(datasets).flatMap(({ facts, fields }): BoundFacts[] => {
    if (facts) return [facts];
    return fields ? [channelFacts(fields)] : [];
  });

/** The share of held-out samples of small tables and of small folders without a test folder of their own. */
function heldOutRule(config: CompleteTrainConfig, datasets: Datasets): Rule | null {
  const sets = marginalsOf(datasets);
  const sizes = sets.map(({ train, test }) => train.size(0) + test.size(0));
  const fewest = Math.min(...sizes);
  // Of few rows, those held out would be missing in the masses of small groups.
  if (datasets.columns) return methodOf(config).mass ? null : chooseHeldOut(fewest);
  const { test_fraction } = config.data;
  const isShare = sets.every(
    ({ test }, i) => Math.abs(test.size(0) - test_fraction * sizes[i]) <= 1,
  );
  return datasets.shape.length > 1 && isShare
    ? chooseHeldOut(fewest, datasets.channels ? "fields" : "images")
    : null;
}
