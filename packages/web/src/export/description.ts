// bridge.json as docs/export.md has it. A file from elsewhere is not trusted: what a sampler uses is checked here.
import { BridgeError, type StepVariance } from "../bridge/bridge.js";
import type { Direction } from "../solver/grid.js";

interface ExportedDirection {
  model: string;
  /** The file of the weights, where they are not in the model. */
  weights?: string | null;
  direction_input: number | null;
  /** How many training samples the model holds, if it does. */
  samples?: number | null;
}

export interface ColumnFacts {
  name: string;
  classes: readonly string[] | null;
  mean: number;
  std: number;
}

/** The parts of bridge.json that sampling needs. */
export interface Description {
  format: 2;
  method: string;
  kind: "drift" | "velocity" | "mean";
  state: { shape: number[]; type: "vectors" | "pictures" | "fields" };
  directions: Partial<Record<Direction, ExportedDirection>>;
  default_direction: Direction;
  inputs: string[];
  output: string;
  end_output: string | null;
  process: { sigma: number };
  schedule: {
    times: number[];
    resample: boolean;
    step_variance: StepVariance;
    noise_share?: Partial<Record<Direction, number[]>>;
    last_noise: boolean;
    eps: number;
    scales?: number[];
    deviations?: number[];
    mean_match?: boolean;
  };
  transform: { log1p: boolean; mean: number[]; std: number[] } | null;
  projection: { shape: number[]; scale: number; mean: string; basis: string } | null;
  columns: string[] | null;
  conditions: {
    cond: { shape: number[]; column: ColumnFacts | null } | null;
    y: { classes: number } | null;
  } | null;
  quality: unknown;
  data: Record<string, unknown> | null;
  license: string | null;
}

type Test = (value: unknown) => boolean;

const isNumber: Test = (x) => typeof x === "number" && Number.isFinite(x);
const isText: Test = (x) => typeof x === "string";
const isBoolean: Test = (x) => typeof x === "boolean";
const isObject = (x: unknown): x is Record<string, unknown> =>
  typeof x === "object" && x !== null && !Array.isArray(x);
const arrayOf =
  (test: Test, least = 1): Test =>
  (x) =>
    Array.isArray(x) && x.length >= least && x.every(test);
const oneOf =
  (...all: unknown[]): Test =>
  (x) =>
    all.includes(x);
const maybe =
  (test: Test): Test =>
  (x) =>
    x === null || x === undefined || test(x);
const object =
  (tests: Record<string, Test>): Test =>
  (x) =>
    isObject(x) && Object.entries(tests).every(([key, test]) => test(x[key]));

const isSize: Test = (x) => Number.isInteger(x) && (x as number) > 0 && (x as number) < 2 ** 24;
/** A file beside bridge.json: no folder and no address. */
const isFileName: Test = (x) => typeof x === "string" && /^[\w-][\w.-]*$/.test(x);
const isGrid: Test = (x) =>
  arrayOf(isNumber, 2)(x) &&
  (x as number[]).every((t, k, all) => k === 0 || t > (all[k - 1] as number)) &&
  (x as number[])[0] === 0 &&
  (x as number[]).at(-1) === 1;

/** Of a negative one there is no square root. */
const shares = arrayOf((x) => isNumber(x) && (x as number) >= 0, 2);
const direction = object({
  ...{ model: isFileName, weights: maybe(isFileName) },
  ...{ direction_input: maybe(isNumber), samples: maybe(isSize) },
});
const column = object({
  name: isText,
  classes: maybe(arrayOf(isText)),
  mean: isNumber,
  std: isNumber,
});

const parts: Record<keyof Omit<Description, "quality" | "data" | "license" | "format">, Test> = {
  method: isText,
  kind: oneOf("drift", "velocity", "mean"),
  state: object({ shape: arrayOf(isSize), type: oneOf("vectors", "pictures", "fields") }),
  directions: (x) =>
    object({ f: maybe(direction), b: maybe(direction) })(x) &&
    Object.values(x as object).some((d) => d !== null),
  default_direction: oneOf("f", "b"),
  inputs: arrayOf(oneOf("x", "t", "direction", "cond", "y"), 2),
  output: isText,
  end_output: maybe(isText),
  process: object({ sigma: (x) => isNumber(x) && (x as number) >= 0 }),
  schedule: object({
    times: isGrid,
    resample: isBoolean,
    step_variance: oneOf("process", "bridge", "analytic"),
    noise_share: maybe(object({ f: maybe(shares), b: maybe(shares) })),
    last_noise: isBoolean,
    eps: (x) => isNumber(x) && (x as number) >= 0 && (x as number) < 0.5,
    scales: maybe(arrayOf(isNumber)),
    deviations: maybe(arrayOf(isNumber)),
  }),
  transform: maybe(object({ log1p: isBoolean, mean: arrayOf(isNumber), std: arrayOf(isNumber) })),
  projection: maybe(
    object({ shape: arrayOf(isSize), scale: isNumber, mean: isText, basis: isText }),
  ),
  columns: maybe(arrayOf(isText)),
  conditions: maybe(
    object({
      cond: maybe(object({ shape: arrayOf(isSize), column: maybe(column) })),
      y: maybe(object({ classes: isSize })),
    }),
  ),
};

/** Checks bridge.json. Throws a BridgeError for another format, and for a part that is missing or of another kind. */
export function readDescription(json: unknown): Description {
  const found = isObject(json) ? json : {};
  if (found.format !== 2)
    throw new BridgeError(
      `bridge.json has format ${JSON.stringify(found.format)}; expected 2: export the run again, or take another version of @dsbm/web`,
    );
  for (const [key, test] of Object.entries(parts))
    if (!test(found[key]))
      throw new BridgeError(
        `bridge.json is damaged: ${key} is missing or of another kind; export the run again`,
      );
  return found as unknown as Description;
}
