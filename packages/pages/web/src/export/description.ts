// bridge.json (docs/export.md) may come from elsewhere: all parts that a sampler uses are checked.
import { WebBridgeError } from "../bridge/bridge.js";
import type { Direction } from "../solver/grid.js";
import type { StepVariance } from "../solver/steps.js";

type Test<T> = (value: unknown) => value is T;
type Tested<X> = X extends Test<infer T> ? T : never;

const test = <T>(holds: (x: unknown) => boolean) => holds as Test<T>;
const isNumber = test<number>((x) => typeof x === "number" && Number.isFinite(x));
const isText = test<string>((x) => typeof x === "string");
const isBoolean = test<boolean>((x) => typeof x === "boolean");
const isObject = test<Record<string, unknown>>(
  (x) => typeof x === "object" && x !== null && !Array.isArray(x),
);
const arrayOf = <T>(each: Test<T>, least = 1) =>
  test<readonly T[]>((x) => Array.isArray(x) && x.length >= least && x.every(each));
const oneOf = <T extends string>(...all: T[]) => test<T>((x) => all.includes(x as T));
const optionalOf = <T>(some: Test<T>) =>
  test<T | null>((x) => x === null || x === undefined || some(x));
const object = <P extends Record<string, Test<unknown>>>(tests: P) =>
  test<{ [K in keyof P]: Tested<P[K]> }>(
    (x) => isObject(x) && Object.entries(tests).every(([key, test]) => test(x[key])),
  );
const atLeast = (least: number, below = Number.POSITIVE_INFINITY) =>
  test<number>((x) => isNumber(x) && x >= least && x < below);

const isSize = test<number>((x) => Number.isInteger(x) && atLeast(1, 2 ** 24)(x));
const isFileName = test<string>((x) => isText(x) && /^[\w-][\w.-]*$/.test(x));
const isGrid = test<readonly number[]>(
  (x) =>
    arrayOf(isNumber, 2)(x) &&
    x.every((t, k) => k === 0 || t > x[k - 1]) &&
    x[0] === 0 &&
    x.at(-1) === 1,
);

const noiseShares = optionalOf(arrayOf(atLeast(0), 2));
const direction = optionalOf(
  object({
    model: isFileName,
    direction_input: optionalOf(isNumber),
    half_iteration: optionalOf(isNumber),
    /** Number of training samples in the model, if it holds any. */
    samples: optionalOf(isSize),
  }),
);
const isColumn = object({
  name: isText,
  classes: optionalOf(arrayOf(isText)),
  mean: isNumber,
  std: isNumber,
});
/** Names and units of the columns in bridge.json. */
export type ColumnFacts = Tested<typeof isColumn>;

const isAmount = test<number | null>(() => true);
const isMetric = object({
  title: isText,
  group: isText,
  direction: optionalOf(isText),
  value: isAmount,
  interval: optionalOf(arrayOf(isAmount)),
  floor: isAmount,
  ceiling: isAmount,
  grade: optionalOf(isText),
  judgement: optionalOf(isText),
});
const isVerdict = object({ title: isText, grade: isText, reason: isText });
const isEnd = object({ name: isText, rows: isAmount });

const unitParts = {
  dsbm: isText,
  method: isText,
  /** The name of the method for readers. */
  method_title: optionalOf(isText),
  /** The day on which the training ended. */
  trained: optionalOf(isText),
  kind: oneOf("drift", "velocity", "mean", "endpoint"),
  state: object({ shape: arrayOf(isSize), type: oneOf("vectors", "pictures", "fields") }),
  mass: optionalOf(isBoolean),
  times: optionalOf(
    object({
      process: isGrid,
      labels: arrayOf(isText, 2),
      name: optionalOf(isText),
      scale: optionalOf(object({ from: isNumber, length: isNumber })),
    }),
  ),
  directions: test<Partial<Record<Direction, Tested<typeof direction>>>>(
    (x) => object({ f: direction, b: direction })(x) && Object.values(x).some((d) => d !== null),
  ),
  default_direction: oneOf<Direction>("f", "b"),
  inputs: arrayOf(oneOf("x", "t", "direction", "cond", "y", "interval", "step", "noise"), 2),
  output: isText,
  end_output: optionalOf(isText),
  jump_output: optionalOf(isText),
  process: object({ type: isText, sigma: atLeast(0), alpha: optionalOf(isNumber) }),
  schedule: object({
    times: isGrid,
    steps: arrayOf(atLeast(0)),
    resample: isBoolean,
    step_variance: oneOf<StepVariance>("process", "bridge", "analytic"),
    noise_share: test<Partial<Record<Direction, readonly number[]>> | null>(
      optionalOf(object({ f: noiseShares, b: noiseShares })),
    ),
    last_noise: isBoolean,
    eps: atLeast(0, 0.5),
    scales: optionalOf(arrayOf(isNumber)),
    deviations: optionalOf(arrayOf(isNumber)),
    mean_match: optionalOf(isBoolean),
  }),
  transform: optionalOf(
    object({
      log1p: isBoolean,
      standardise: optionalOf(isText),
      mean: arrayOf(isNumber),
      std: arrayOf(isNumber),
      limits: optionalOf(
        object({
          min: arrayOf(optionalOf(isNumber)),
          max: arrayOf(optionalOf(isNumber)),
          whole: arrayOf(isBoolean),
        }),
      ),
      categories: optionalOf(
        arrayOf(object({ name: isText, levels: arrayOf(isText), first: atLeast(0) }), 0),
      ),
    }),
  ),
  projection: optionalOf(
    object({ shape: arrayOf(isSize), scale: isNumber, mean: isText, basis: isText }),
  ),
  /** Models between images and latent maps; `shape` is the shape of an image. */
  autoencoder: optionalOf(
    object({ shape: arrayOf(isSize, 3), encoder: isFileName, decoder: isFileName }),
  ),
  columns: optionalOf(arrayOf(isText)),
  quality: optionalOf(arrayOf(isMetric, 0)),
  verdicts: optionalOf(arrayOf(isVerdict, 0)),
  data: optionalOf(object({ source: isEnd, target: optionalOf(isEnd) })),
  license: optionalOf(isText),
  files: test<Record<string, string> | null>(
    optionalOf(test((x) => isObject(x) && Object.values(x).every(isText))),
  ),
  conditions: optionalOf(
    object({
      cond: optionalOf(object({ shape: arrayOf(isSize), column: optionalOf(isColumn) })),
      y: optionalOf(object({ classes: isSize })),
    }),
  ),
};

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** The shape [C, H, W] or [d] of a sample in the user's files, before standardisation. */
export const shapeOfData = (
  bridge: Pick<BridgeDescription, "state" | "mass" | "projection" | "autoencoder">,
): readonly number[] =>
  bridge.autoencoder?.shape ?? bridge.projection?.shape ?? sampleShape(bridge);

/** The shape of a sample in the network's units, without its log mass. */
function sampleShape({ state, mass }: Pick<BridgeDescription, "state" | "mass">): number[] {
  const [size = 0, ...rest] = state.shape;
  return [mass ? size - 1 : size, ...rest];
}

/** Parts that must fit each other: a missing number would give NaN, and no error. */
function misfit(bridge: BridgeDescription): string | null {
  const { kind, schedule, transform, projection, autoencoder } = bridge;
  const { columns, conditions, inputs, times } = bridge;
  const steps = schedule.times.length - 1;
  if (kind === "mean" && [schedule.scales, schedule.deviations].some((x) => x?.length !== steps))
    return "schedule";
  if (times && times.labels.length !== times.process.length) return "times";
  const isGiven = {
    x: true,
    t: true,
    direction: true,
    cond: conditions?.cond,
    y: conditions?.y,
    interval: times,
    step: kind === "velocity",
    noise: kind === "endpoint",
  };
  const needed = ["x", "t", ...(kind === "endpoint" ? ["noise" as const] : [])] as const;
  if (!needed.every((name) => inputs.includes(name)) || !inputs.every((name) => isGiven[name]))
    return "inputs";
  const state = sampleShape(bridge);
  if (autoencoder && (projection || transform || kind === "mean" || state.length !== 3))
    return "autoencoder";
  const d = sizeOf(projection?.shape ?? state);
  if (projection && bytesIn(projection.mean) !== 4 * d) return "projection";
  if (projection && bytesIn(projection.basis) !== 4 * d * sizeOf(state)) return "projection";
  if (transform) {
    const { mean, std, limits, categories } = transform;
    if ([mean, std, ...Object.values(limits ?? {})].some(({ length }) => length !== d))
      return "transform";
    if (categories?.some(({ first, levels }) => !(first + levels.length <= d))) return "transform";
  }
  return columns && columns.length !== d ? "columns" : null;
}

/** The number of bytes in base64; −1 for other text. */
function bytesIn(base64: string): number {
  try {
    return atob(base64).length;
  } catch {
    return -1;
  }
}

type Checked = { [K in keyof typeof unitParts]: Tested<(typeof unitParts)[K]> };

/**
 * bridge.json: all that a sampler needs in addition to the models. docs/export.md defines each key:
 * `dsbm`, `method`, `kind`, `state`, `mass`, `times`, `directions`, `default_direction`, `inputs`,
 * `output`, `end_output`, `jump_output`, `process`, `schedule`, `transform`, `projection`, `autoencoder`, `columns`, `quality`,
 * `verdicts`, `data`, `license`, `files` and `conditions`.
 */
export interface BridgeDescription extends Checked {
  /** Version of the layout; 3 if columns have a robust scale, 4 with an autoencoder, 5 with steps as inputs, 6 with draws of the endpoint, which earlier readers would miss. */
  format: 2 | 3 | 4 | 5 | 6;
  /** The generator of the noise. */
  noise: { generator: "philox4x32-10"; same_samples: boolean };
}

/**
 * Checks bridge.json.
 * @throws {WebBridgeError} for another format, and for a missing or wrong part.
 */
export function readDescription(json: unknown): BridgeDescription {
  const object = isObject(json) ? json : {};
  if (![2, 3, 4, 5, 6].includes(object.format as number))
    throw new WebBridgeError(
      `bridge.json has format ${JSON.stringify(object.format)}; expected 2 to 6: export the run again, or take another version of @dsbm/web`,
    );
  const check = (isWhole: boolean, key: string) => {
    if (isWhole) return;
    throw new WebBridgeError(
      `bridge.json is damaged: ${key} is missing or of another kind; export the run again`,
    );
  };
  for (const [key, test] of Object.entries(unitParts)) check(test(object[key]), key);
  const description = object as unknown as BridgeDescription;
  const key = misfit(description);
  check(key === null, key ?? "");
  return description;
}
