// The rules by which `dsbm fit` chooses what is not given (docs/guide/choosing.md). Each gives a value and its reason in
// one sentence. Scales are those that networks see.
import type { DataFacts } from "./facts.js";

/** A choice as choices.json has it. */
export interface Choice {
  key: string;
  value: string | number | boolean | null;
  reason: string;
  /** Whether it was typed. */
  given: boolean;
  /** Whether it only says how the run is organised: tables and reports leave it out. */
  organising?: boolean;
}

/** A choice of a rule. */
export type Rule = Omit<Choice, "given">;

const short = (x: number) => Number(x.toPrecision(2));

/** Deviations of columns that lie within this factor are taken as coordinates of one space. */
const comparable = 30;

/** How columns are scaled: from their deviations (0: constant) and whether the file has names for them. */
export function chooseScale({ std, named }: { std: readonly number[]; named: boolean }): Rule {
  const varying = std.filter((s) => s > 0);
  const ratio = Math.max(...varying) / Math.min(...varying);
  const key = "data.standardise";
  if (named) return { key, value: "columns", reason: "columns with names have units of their own" };
  if (varying.length > 1 && ratio <= comparable)
    return {
      key,
      value: "global",
      reason: `the columns have no names and deviations within a factor of ${short(ratio)}: coordinates of one space`,
    };
  return {
    key,
    value: "columns",
    reason:
      varying.length > 1
        ? `the deviations of the columns differ by a factor of ${short(ratio)}`
        : "there is one column that varies",
  };
}

/** σ is this part of the distance that optimal transport moves a coordinate. */
const part = 0.1;
/** Least and largest σ, in units of the spread within the ends. */
const [least, largest] = [0.02, 0.3];

/** Most columns of which a mixture of Gaussians holds the density, and fewest rows that it is fitted to. */
const [fewColumns, manyRows] = [3, 1000];
/** σ with such a start, and the least for which a mixture is near the bridge, in units of the spread. */
const [wide, leastWide] = [0.6, 0.25];

/** What was typed and has a say in the rules. */
interface Typed {
  /** Whether no typed word chooses the method or its first pairs. */
  mayUseMixture?: boolean;
  /** σ; null: of a schedule of steps. */
  sigma?: number | null | undefined;
}

/** Whether LightSB's closed form is what networks start from: of two tables of few columns and many rows. */
function startsFromMixture(facts: DataFacts, { mayUseMixture = true, sigma }: Typed): boolean {
  const { shape, rows, spread } = facts;
  const [d = 0, ...more] = shape;
  const isWide = sigma === undefined || (sigma !== null && sigma >= leastWide * spread);
  const isTable = more.length === 0 && d <= fewColumns;
  return mayUseMixture && isWide && isTable && rows.length === 2 && Math.min(...rows) >= manyRows;
}

/** σ from the distance between the ends and the spread within them. */
export function chooseSigma(facts: DataFacts, typed: Typed = {}): Rule {
  const { transport, spread } = facts;
  if (startsFromMixture(facts, typed))
    return {
      key: "sigma",
      value: short(wide * spread || part),
      reason: `few columns: noise of ${wide} of the spread (${short(spread)}) lets paths separate where the target has gaps`,
    };
  const wanted = part * transport;
  const [low, high] = [least * spread, largest * spread];
  const value = short(Math.max(Math.min(wanted, high), low) || part);
  const moved = `optimal transport moves a coordinate by ${short(transport)}, of which this is a tenth`;
  return {
    key: "sigma",
    value,
    reason:
      wanted > high
        ? `the ends are far apart (${short(transport)} a coordinate): ${largest} of their spread of ${short(spread)}`
        : wanted < low
          ? `the ends are close (${short(transport)} a coordinate): ${least} of their spread of ${short(spread)}`
          : moved,
  };
}

/** The choices for vectors or pictures, in the order in which they are printed. */
export function chooseRules(facts: DataFacts, typed: Typed = {}): Rule[] {
  const { shape, rows } = facts;
  const sigma = chooseSigma(facts, typed);
  if (shape.length > 1) return [sigma, ...pictureRules(facts, Math.min(...rows))];
  const fromMixture = startsFromMixture(facts, typed);
  const common = vectorRules(facts, {
    ...{ n: Math.min(...rows), sigma: sigma.value as number, fromMixture },
  });
  return [sigma, ...common, ...(fromMixture ? mixtureRules : pairRules)];
}

/** The first pairs of vectors by optimal transport within batches. */
const pairRules: readonly Rule[] = [
  {
    key: "ot_sampler",
    value: "exact",
    reason:
      "pairs of optimal transport within a batch are near those of the bridge from the first step on",
  },
  {
    key: "n_ipf",
    value: 2,
    reason: "an iteration on those pairs, and one on pairs of the bridge itself",
  },
];

/** The first pairs of vectors by LightSB. */
const mixtureRules: readonly Rule[] = [
  {
    key: "precondition",
    value: "mixture",
    reason:
      "few columns and many rows: LightSB's mixture is near the bridge in seconds, and networks learn the rest",
  },
  { key: "n_ipf", value: 2, reason: "two iterations on pairs of the bridge itself" },
  {
    key: "step_variance",
    value: "analytic",
    reason: "steps have the noise that keeps the variance, also where paths separate",
  },
  { key: "last_noise", value: true, reason: "the last step has its part of that noise" },
];

function vectorRules(
  { shape, spread }: DataFacts,
  { n, sigma, fromMixture }: { n: number; sigma: number; fromMixture: boolean },
): Rule[] {
  const [d] = shape as [number];
  const wanted = Math.min(50, Math.max(20, 10 * Math.ceil((10 * sigma) / (spread || 1))));
  const steps = fromMixture ? 20 : wanted;
  const width = n < 1000 && d <= 20 ? 128 : d > 40 ? 512 : 256;
  const whole = d > 20 ? 512 : 256;
  const batch = Math.max(1, Math.min(whole, Math.floor(n / 2)));
  const pairs = Math.min(20_000, Math.max(5000, n));
  return [
    {
      key: "num_steps",
      value: steps,
      reason: fromMixture
        ? "steps whose noise keeps the variance are few"
        : `σ is ${short(sigma / (spread || 1))} of the spread: a path is nearly straight, and more noise takes more steps`,
    },
    {
      key: "model.hidden",
      value: `${width},${width},${width}`,
      reason: `${d} columns and ${n} rows at the smaller end`,
    },
    {
      key: "match_moments",
      value: true,
      reason: "errors of the mean and the variance of simulated ends would add up",
    },
    {
      key: "batch_size",
      value: batch,
      reason:
        batch < whole
          ? `half of the ${n} rows`
          : fromMixture
            ? "the usual number for a fully connected network"
            : `exact transport within so many rows of ${d} columns takes no longer than a step or two`,
    },
    { key: "lr", value: 1e-3, reason: "a fully connected network; it rises first, and falls to 0" },
    { key: "lr_warmup", value: 100, reason: "Adam's averages settle in some hundred steps" },
    {
      key: "ema_rate",
      value: 0.999,
      reason: "averaged over some thousand steps, from the beginning of each half-iteration on",
    },
    {
      key: "cache_npar",
      value: Math.max(pairs, batch),
      reason: "simulated pairs for some hundred steps",
    },
    {
      key: "cache_refresh_stride",
      value: Math.max(50, Math.ceil((10 * pairs) / batch)),
      reason: "each simulated pair is used ten times, at other times and with other noise",
    },
  ];
}

function pictureRules({ shape }: DataFacts, n: number): Rule[] {
  const [, size] = shape as [number, number, number];
  const channels = size <= 32 ? 32 : 64;
  const batch = Math.max(1, Math.min(size <= 32 ? 64 : 32, Math.floor(n / 2)));
  const levels = size % 4 === 0 ? "1,2,2" : size % 2 === 0 ? "1,2" : "1";
  return [
    { key: "num_steps", value: 30, reason: "the usual number for pictures" },
    { key: "model", value: "UNET", reason: "pictures" },
    { key: "model.num_channels", value: channels, reason: `${size}×${size} pixels` },
    { key: "model.channel_mult", value: levels, reason: `resolutions of ${size} pixels` },
    { key: "model.num_res_blocks", value: 1, reason: "small enough for a processor" },
    { key: "model.attention_resolutions", value: null, reason: "small enough for a processor" },
    { key: "model.dropout", value: 0, reason: "bridges of few steps do not overfit first" },
    {
      key: "ot_sampler",
      value: "exact",
      reason: "pairs of optimal transport within a batch keep pictures near",
    },
    {
      key: "n_ipf",
      value: 2,
      reason: "an iteration on those pairs, and one on pairs of the bridge itself",
    },
    {
      key: "batch_size",
      value: batch,
      reason: batch < 32 ? `half of the ${n} pictures` : `${size}×${size} pixels on a processor`,
    },
    { key: "lr", value: 5e-4, reason: "a convolutional network; it rises first, and falls to 0" },
    { key: "lr_warmup", value: 50, reason: "Adam's averages settle in some ten steps" },
    { key: "ema_rate", value: 0.995, reason: "averaged over some hundred steps" },
    {
      key: "cache_npar",
      value: Math.max(batch, Math.min(512, 2 * n)),
      reason: "simulating pictures takes longer than training on them",
    },
    { key: "cache_refresh_stride", value: 100, reason: "simulated pairs are used several times" },
    {
      key: "test_npar",
      value: mostPictures,
      reason: "evaluations between half-iterations are short",
    },
    { key: "cache_batch_size", value: 128, reason: "bounds the memory" },
  ];
}

/** Pictures of an evaluation, at most and at least. */
const [mostPictures, leastPictures] = [128, 16];
/** Simulations of so many pictures at the end of a run: there and back, in both directions. */
export const endSimulations = 4;
/** Part of the time for evaluations of pictures. */
const evaluations = 0.25;

/** How many pictures are evaluated, so that it takes a part of the time. `pair`: seconds to simulate one. */
export function choosePictures(pair: number, seconds: number, halves: number): Rule {
  const fit = Math.floor((evaluations * seconds) / (pair * (halves + endSimulations)));
  return {
    key: "test_npar",
    value: Math.max(leastPictures, Math.min(mostPictures, fit)),
    reason: `simulating a picture takes ${short(pair)} s, and evaluations a quarter of the time at most`,
  };
}

/** Steps of a half-iteration below which networks learn little. */
export const fewSteps = 300;
/** Least width of the network of pictures. */
export const leastChannels = 16;
/** How many times as long a step of pictures takes with twice the width, at most. */
export const twiceTheWidth = 3.5;

/** The width of the network of pictures that has the time for enough steps; `steps`: of a half-iteration. */
export const chooseChannels = (value: number, steps: number): Rule => ({
  key: "model.num_channels",
  value,
  reason: `the time is enough for about ${steps} steps of a half-iteration, and with more channels for few`,
});

/** One iteration where the time is enough for few steps. */
export const oneIteration = (steps: number): Rule => ({
  key: "n_ipf",
  value: 1,
  reason: `two have ${steps} steps of a half-iteration in the time given, which is little`,
});

/** Steps of an iteration's half beyond which the network would overfit: passes over the smaller end. */
const passes = 400;

export const mostSteps = (rows: number, batch: number): number =>
  Math.max(3000, Math.ceil((passes * rows) / batch));
