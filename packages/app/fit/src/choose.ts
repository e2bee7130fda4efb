// The rules of `dsbm fit` (docs/guide/choosing.md).
import type { LeftOutDistance } from "@dsbm/bridge";
import { average, type Choice } from "@dsbm/runs";
import type { CourseFacts, DataFacts } from "./facts.js";

export type Rule = Omit<Choice, "given">;

export const rule = (key: string, value: Rule["value"], reason: string): Rule => ({
  key,
  value,
  reason,
});

const short = (x: number) => Number(x.toPrecision(2));

const comparable = 30;

/** Names that differ in their number only, such as PC1 and PC2. */
const numbered = /^(|.*\D)\d+(\n\1\d+)*$/;

/** `names` of columns; null if the file has none. */
export function chooseScale({
  std,
  names,
}: {
  std: readonly number[];
  names: readonly string[] | null;
}): Rule {
  const varying = std.filter((s) => s > 0);
  const ratio = Math.max(...varying) / Math.min(...varying);
  const key = "data.standardise";
  if (names && !numbered.test(names.join("\n")))
    return rule(key, "columns", "columns with names have units of their own");
  if (varying.length < 2) return rule(key, "columns", "only one column varies");
  return ratio <= comparable
    ? rule(
        key,
        "global",
        `the columns are numbered or unnamed, and their deviations differ by a factor of ${short(ratio)} only: coordinates of one space`,
      )
    : rule(key, "columns", `the deviations of the columns differ by a factor of ${short(ratio)}`);
}

const heldOut = 400;
const mostHeldOut = 0.3;

/** Returns the number of held-out rows of a small dataset, or null if a tenth is enough. */
export function chooseHeldOut(rows: number): Rule | null {
  const share = Math.min(mostHeldOut, Math.ceil((100 * heldOut) / rows) / 100);
  if (share <= 0.1) return null;
  return rule(
    "data.test_fraction",
    share,
    `a tenth of ${rows} rows is too few for the metrics: ${Math.round(share * rows)} rows are held out`,
  );
}

const part = 0.1;
const least = 0.02;
const largest = 0.3;

const fewColumns = 3;
const manyRows = 1000;
const wide = 0.6;
const leastWide = 0.25;

const manyTogether = 2048;

interface UserChoices {
  mayUseMixture?: boolean;
  sigma?: number | null | undefined;
  fromReference?: boolean;
  /** Parts of the way, each with a grid of its own: the intervals of a course of flows. */
  grids?: number;
}

function startsFromMixture(
  facts: DataFacts,
  { mayUseMixture = true, sigma }: UserChoices,
): boolean {
  const { shape, rows, spread } = facts;
  const [d = 0, ...more] = shape;
  const isWide = sigma === undefined || (sigma !== null && sigma >= leastWide * spread);
  const isTable = more.length === 0 && d <= fewColumns;
  return mayUseMixture && isWide && isTable && rows.length === 2 && Math.min(...rows) >= manyRows;
}

export function chooseSigma(facts: DataFacts, typed: UserChoices = {}): Rule {
  const { transport, spread } = facts;
  if (startsFromMixture(facts, typed))
    return rule(
      "sigma",
      short(wide * spread || part),
      `few columns: noise of ${wide} of the spread (${short(spread)}) lets paths separate where the target has gaps`,
    );
  if (typed.fromReference)
    return rule(
      "sigma",
      short(spread || part),
      `the reference process makes the first pairs: noise as large as the spread (${short(spread)}) brings samples near the target`,
    );
  const noise = part * transport;
  const low = least * spread;
  const high = largest * spread;
  const value = short(Math.max(Math.min(noise, high), low) || part);
  return rule(
    "sigma",
    value,
    noise > high
      ? `source and target are far apart (${short(transport)} a coordinate): ${largest} of their spread of ${short(spread)}`
      : noise < low
        ? `source and target are close (${short(transport)} a coordinate): ${least} of their spread of ${short(spread)}`
        : `optimal transport moves a coordinate by ${short(transport)}, of which this is a tenth`,
  );
}

/** Choices for vectors or images, in the order of printing. */
export function chooseRules(facts: DataFacts, typed: UserChoices = {}): Rule[] {
  const { shape, rows } = facts;
  const sigma = chooseSigma(facts, typed);
  if (shape.length > 1) return [sigma, ...pictureRules(facts, Math.min(...rows))];
  const fromMixture = startsFromMixture(facts, typed);
  const common = vectorRules(facts, {
    n: Math.min(...rows),
    sigma: typed.sigma ?? (sigma.value as number),
    fromMixture,
    grids: typed.grids ?? 1,
  });
  return [sigma, ...common, ...(fromMixture ? mixtureRules : pairRules)];
}

export const twoIterations = rule(
  "n_ipf",
  2,
  "the first iteration trains on OT pairs, the second on pairs of the bridge",
);

export const fiveIterations = rule(
  "n_ipf",
  5,
  "IPF starts at the reference process and comes closer to the data in each iteration",
);

/**
 * Smooth paths through a time course, or growth, if they come clearly closer to its inner datasets than straight paths do.
 * Else smooth paths, if a quarter of their bends comes closer: without a dataset steps are about twice as wide, and bends
 * four times as large. Else straight paths.
 */
export function pathRules({ leftOut, deltas, rows }: CourseFacts): Rule[] {
  const mean = (of: (one: LeftOutDistance) => number) => average(leftOut.map(of));
  const straight = mean((one) => one.straight);
  const spline = mean((one) => one.spline);
  const slight = mean((one) => one.slight);
  const lengths = deltas.map((_, i) => mean((one) => one.growth[i]));
  const growth = Math.min(...lengths);
  // Distances of 2,000 rows vary by half a percent.
  const gain = 0.01 * Math.sqrt(2000 / rows) * straight;
  const most = straight - gain;
  const because = (paths: string, miss: number) =>
    `without one of the inner datasets, ${paths} miss it by ${short(miss)}, straight ones by ${short(straight)} (W1)`;
  const smooth = (paths: string, miss: number) => [
    rule("interpolant", "spline", because(paths, miss)),
    rule("method", "sf2m", "it learns flow and score along smooth paths"),
  ];
  if (spline < most && spline <= growth) return smooth("smooth paths", spline);
  // A gain of the shorter length alone is often chance.
  if (lengths[0] < most)
    return [
      rule("method", "wfr", because("paths on which rows gain and lose mass", growth)),
      rule("delta", short(deltas[lengths.indexOf(growth)]), "the closer of two lengths"),
    ];
  // Both paths start and end in the same rows, so their distances differ less by chance.
  if (leftOut.length > 1 && slight < straight - gain / 2)
    return smooth("slightly bent paths", slight);
  const why = "neither growth nor smooth paths come clearly closer to the inner datasets";
  return [rule("method", "sf2m", why)];
}

/** Choices for methods with growth, instead of those for other vectors. */
export function growthRules(
  { shape, rows }: Pick<DataFacts, "shape" | "rows">,
  minutes: number | null = null,
): Rule[] {
  const [d = 0] = shape;
  const isLarge = Math.max(...rows) > manyTogether;
  const [width, lr] = d > 40 ? [512, 1e-3] : [256, 5e-3];
  const isPlane = d <= fewColumns;
  const isCourse = rows.length > 2;
  const deeper = isPlane && isCourse ? ",256,256" : "";
  const pairs = (each: number) => Math.min(each * (rows.length - 1), ...perEnd(rows));
  const batch = pairs(256);
  return [
    rule(
      "model.hidden",
      `${width},${width},${width}${deeper}`,
      "the network also learns growth; in courses of few columns more layers follow finer structure",
    ),
    rule("batch_size", batch, "256 pairs of each interval"),
    rule("ema_rate", 0.995, "weights are averaged over some hundred steps"),
    rule("lr", lr, "large plans allow a high learning rate; it decays to 0"),
    ...(isCourse || isLarge
      ? []
      : [
          rule("optimizer", "AdamW", "weight decay needs it"),
          rule("weight_decay", isPlane ? 0.3 : 0.5, "networks would learn few rows by heart"),
        ]),
    ...(isLarge
      ? [
          rule(
            "ot_rows",
            // On a busy machine a plan of all of these rows takes half a minute.
            pairs(256 * Math.min(8, Math.ceil(2 * (minutes ?? 4)))),
            "a plan of more rows is closer to the plan of the data",
          ),
        ]
      : []),
  ];
}

/** Rows of all intervals at their starts and at their ends. */
const perEnd = (rows: readonly number[]) =>
  [rows.slice(0, -1), rows.slice(1)].map((some) => some.reduce((sum, n) => sum + n, 0));

/**
 * Returns the size of an OT batch if pairs share a condition with this number of classes (null: the
 * condition is a number).
 */
export function rowsTogether(batch: number, classes: number | null, rows: number): Rule {
  const batches = Math.ceil(Math.min(manyTogether, batch * (classes ?? manyTogether)) / batch);
  return rule(
    "ot_rows",
    batch * Math.max(1, Math.min(batches, Math.floor(rows / batch))),
    "only rows with equal or similar conditions are paired, so a plan needs more rows",
  );
}

const pairRules: readonly Rule[] = [
  rule(
    "ot_sampler",
    "exact",
    "minibatch OT pairs are close to the pairs of the bridge from the first step on",
  ),
  twoIterations,
];

const mixtureRules: readonly Rule[] = [
  rule(
    "precondition",
    "mixture",
    "with few columns and many rows, LightSB's mixture is close to the bridge in seconds; networks learn the rest",
  ),
  rule("n_ipf", 2, "both iterations train on pairs of the bridge"),
  rule("step_variance", "analytic", "each step then has the noise that keeps the variance"),
  rule("last_noise", true, "the last step then has its part of the noise"),
];

const pairsServe = rule(
  "online_cache",
  true,
  "new pairs for every step would take most of the time",
);

interface VectorChoices {
  n: number;
  sigma: number;
  fromMixture: boolean;
  grids: number;
}

function vectorRules(
  { shape, spread }: DataFacts,
  { n, sigma, fromMixture, grids }: VectorChoices,
): Rule[] {
  const [d] = shape as [number];
  const usualSteps = Math.min(50, Math.max(20, 10 * Math.ceil((10 * sigma) / (spread || 1))));
  const steps = fromMixture ? 20 : usualSteps * grids;
  const width = n < 1000 && d <= 20 ? 128 : d > 40 ? 512 : 256;
  const whole = d > 20 ? 512 : 256;
  const batch = Math.max(1, Math.min(whole, Math.floor(n / 2)));
  const pairs = Math.min(20_000, Math.max(5000, n));
  return [
    rule(
      "num_steps",
      steps,
      fromMixture
        ? "few steps suffice if their noise keeps the variance"
        : `σ is ${short(sigma / (spread || 1))} of the spread: a path is nearly straight, and more noise takes more steps${grids > 1 ? `; ${usualSteps} in each interval` : ""}`,
    ),
    rule(
      "model.hidden",
      `${width},${width},${width}`,
      `${d} columns and ${n} rows in the smaller dataset`,
    ),
    rule(
      "match_moments",
      true,
      "errors of the mean and variance of simulated samples would add up",
    ),
    rule(
      "batch_size",
      batch,
      batch < whole
        ? `it is half of the ${n} rows of the smaller dataset`
        : fromMixture
          ? "the usual number for a fully connected network"
          : `steps of so many rows of ${d} columns are quick, exact transport within them too`,
    ),
    rule("lr", 1e-3, "it is usual for MLPs; it warms up, then decays to 0"),
    rule("lr_warmup", 100, "Adam's averages settle in some hundred steps"),
    rule("ema_rate", 0.999, "weights are averaged over some thousand steps of a half-iteration"),
    pairsServe,
    rule("cache_npar", pairs, "these simulated pairs last for some hundred steps"),
    rule(
      "cache_refresh_stride",
      Math.max(50, Math.ceil((10 * pairs) / batch)),
      "each simulated pair is used about ten times, with new times and noise",
    ),
  ];
}

function pictureRules({ shape }: DataFacts, n: number): Rule[] {
  const [, size] = shape as [number, number, number];
  const channels = size <= 32 ? 32 : 64;
  const batch = Math.max(1, Math.min(size <= 32 ? 64 : 32, Math.floor(n / 2)));
  const levels = size % 4 === 0 ? "1,2,2" : size % 2 === 0 ? "1,2" : "1";
  return [
    rule("num_steps", 30, "it is usual for images"),
    rule("model", "UNET", "the data are images"),
    rule("model.num_channels", channels, `${size}×${size} pixels`),
    rule("model.channel_mult", levels, `resolutions of ${size} pixels`),
    rule("model.num_res_blocks", 1, "the network must be small enough for a processor"),
    rule("model.attention_resolutions", null, "the network must be small enough for a processor"),
    rule("model.dropout", 0, "short trainings do not overfit"),
    rule("ot_sampler", "exact", "minibatch OT pairs similar images"),
    twoIterations,
    rule(
      "batch_size",
      batch,
      batch < 32 ? `it is half of the ${n} images` : `${size}×${size} pixels on a processor`,
    ),
    rule("lr", 5e-4, "it is usual for convolutional networks; it warms up, then decays to 0"),
    rule("lr_warmup", 50, "Adam's averages settle in some ten steps"),
    rule("ema_rate", 0.995, "weights are averaged over some hundred steps"),
    pairsServe,
    rule(
      "cache_npar",
      Math.max(batch, Math.min(512, 2 * n)),
      "simulating images takes longer than training on them",
    ),
    rule("cache_refresh_stride", 100, "simulated pairs are used several times"),
    rule("test_npar", 128, "evaluations between half-iterations are short"),
    rule("cache_batch_size", 128, "it bounds the memory"),
  ];
}

export const fewSteps = 300;
export const leastChannels = 16;
/** Longest time of an image step with twice the width, as a multiple. */
export const twiceTheWidth = 3.5;

/** Images of the smallest chosen batch. */
export const leastBatch = 8;

const sizes = { "model.num_channels": "channels", batch_size: "images" } as const;
export type SizeKey = keyof typeof sizes;

export const chooseSize = (key: SizeKey, value: number, steps: number): Rule =>
  rule(
    key,
    value,
    `the time allows about ${steps} steps in a half-iteration, and fewer with more ${sizes[key]}`,
  );

/** Grid of networks that are trained for few steps. */
export const fewTimes = (steps: number): Rule =>
  rule(
    "num_steps",
    Math.min(10, Math.ceil(steps / 4)),
    "so few steps of training do not need a fine grid",
  );

/** One iteration if the time allows few steps. */
export const oneIteration = (steps: number): Rule =>
  rule("n_ipf", 1, `two iterations would have only ${steps} steps in each half-iteration`);

/** More epochs of the smaller dataset in a half-iteration would overfit. */
const passes = 400;

export const mostSteps = (rows: number, batch: number, isGrowthCourse: boolean): number =>
  Math.max(isGrowthCourse ? 9000 : 3000, Math.ceil((passes * rows) / batch));
