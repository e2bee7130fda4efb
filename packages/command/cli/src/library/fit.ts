import { ConfigError, flatten } from "@dsbm/config";
import type { DataDescription } from "@dsbm/data";
import { withObjectOptions } from "@dsbm/files";
import { type FitRequest, finishedFit, fitMember, planFit, runFit, withTimes } from "@dsbm/fit";
import { type Choice, type ProgressState, silentProgress, type TrainingPaths } from "@dsbm/runs";
import { datasetOf, placeOfRun, placesBase } from "../words/places.js";
import { type Bridge, openBridge } from "./bridge.js";
import {
  existingParent,
  type InputFile,
  inputOf,
  memoryName,
  removeInputs,
  type Source,
  writeInput,
} from "./inputs.js";
import type { FitKeys } from "./keys.generated.js";

/** Progress of a fit: a changing `state`, or a `line` to keep. */
export type FitProgress = { state: ProgressState } | { line: string };

type OptionKeys = Omit<FitKeys, "Dataset" | "Dataset_between" | "Dataset_transfer">;

interface LibraryRunOptions extends OptionKeys {
  /** The run folder; default: by the data and options, below experiments/. */
  folder?: string | undefined;
  /** Start over; by default an earlier run resumes, and a finished run is opened. */
  again?: boolean | undefined;
  /** Stops the run at the next step, as Ctrl-C does. */
  signal?: AbortSignal | undefined;
  /** Called with each state and line. */
  onProgress?: ((progress: FitProgress) => void) | undefined;
  /** Called every second or so with rows on their way under the networks in training; tables only. */
  onPaths?: ((paths: TrainingPaths) => void) | undefined;
}

/**
 * Two datasets, each a file, a folder of images, or samples in memory; or one table (`source`) of
 * several times (`time`) or groups (`data.split_by`).
 */
export interface FitOptions extends LibraryRunOptions {
  /** Data at time 0, or the table of several times or groups. */
  source: Source;
  /** Data at time 1, of the same shape as the source. */
  target?: Source;
}

/** Two or more in the order of their times (`times`; default: equally spaced). */
export interface FitManyOptions extends LibraryRunOptions {
  marginals: readonly Source[];
}

/**
 * Fits a bridge between your own datasets: `npx dsbm fit SOURCE TARGET key=value …` as a function. Further options are
 * chosen from the data, within `max_minutes` (10). Data in memory are written into the run folder. With the same
 * options it resumes the run, or opens a finished run.
 * @example const bridge = await fit({ source: "winter.csv", target: "summer.csv", max_minutes: 2 });
 * console.log(bridge.report);
 * @throws {ConfigError} for keys, a ConfigError or DatasetError for data, errors of training and disk, and the reason
 * of `signal`.
 */
export const fit = (options: FitOptions | FitManyOptions): Promise<Bridge> =>
  withObjectOptions(() => fitSources(options));

async function fitSources(options: FitOptions | FitManyOptions): Promise<Bridge> {
  const { again = false, signal, onProgress, onPaths, device, threads } = options;
  const { folder, request, remove } = await placeInputs(options);
  try {
    if (again || !finishedFit(folder, request)) {
      const say = onProgress ?? (() => {});
      const { state } = await runFit(request, {
        folder,
        again,
        signal,
        progress: {
          update: (moving) => say({ state: moving }),
          line: (line) => say({ line }),
          done: () => {},
          ...(onPaths && { paths: onPaths }),
        },
        resume: `fit({ …, folder: ${JSON.stringify(folder)} })`,
      });
      if (state === "interrupted") throw signal?.reason ?? new Error(`${folder} was interrupted`);
    }
  } catch (error) {
    remove();
    throw error;
  }
  return openBridge(folder, { ...(device && { device }), ...(threads && { threads }) });
}

/** What `fit` would choose. */
export interface OptionPlan {
  /** Options with the reasons for them, the given ones among them. */
  choices: Choice[];
  /** What the time will do, a line each. */
  forecast: string[];
  /** The columns of tables with their ranges, and warnings; null for other data. */
  data: DataDescription | null;
}

/**
 * What `fit` would choose for these data, with reasons: `npx dsbm fit … --plan` as a function. Trains nothing and
 * leaves no files.
 * @throws {Error} as `fit`
 */
export const plan = (options: FitOptions | FitManyOptions): Promise<OptionPlan> =>
  withObjectOptions(() => planSources(options));

async function planSources(options: FitOptions | FitManyOptions): Promise<OptionPlan> {
  const { request, remove } = await placeInputs(options);
  try {
    const { signal } = options;
    const { choices, forecast, datasets } = await planFit(request, {
      progress: silentProgress,
      signal,
      isShown: true,
    });
    const data = datasets?.columns?.description ?? null;
    datasets?.dispose();
    return { choices, forecast, data };
  } finally {
    remove();
  }
}

/** The request of a run, whose data in memory are files of its folder now; `remove` undoes that if there is no run. */
async function placeInputs({
  folder: place,
  again = false,
  signal,
  onProgress: _,
  onPaths: __,
  ...rest
}: FitOptions | FitManyOptions) {
  const { all, keys } = marginalsIn(rest);
  const ends = all.map(({ source, name }) => ({ name, input: inputOf(source, name) }));
  const inputs = ends.map(({ input }) => input);
  checkSameShape(ends);
  const overrides = flatten(keys);
  const name = memoryName(inputs);
  // Vectors in memory get a path when their folder is known.
  const requestOf = async (places: readonly InputFile[]): Promise<FitRequest> => {
    const base = { ...baseOf(places, overrides), ...(name !== null && { name }) };
    return { base: await withTimes({ base, overrides }, { signal }), overrides };
  };
  const folder = place ?? folderOf(await requestOf(inputs));
  const kept = existingParent(folder);
  const remove = () => removeInputs(folder, kept);
  try {
    const written = ends.map((end) => writeInput(end.name, end.input, { folder, again }));
    return { folder, remove, request: await requestOf(written) };
  } catch (error) {
    remove();
    throw error;
  }
}

/**
 * The datasets in order, named for messages, and the other keys.
 * @throws {ConfigError} for less than two.
 */
function marginalsIn(options: object) {
  const { source, target, marginals, ...keys } = options as FitOptions & FitManyOptions;
  if (marginals && marginals.length < 2)
    throw new ConfigError(`marginals has ${marginals.length} datasets; expected two or more`);
  const sources =
    marginals ??
    (target === undefined && typeof source === "string" ? [source] : [source, target as Source]);
  const nameOf = (i: number) =>
    i === 0 ? "source" : i === sources.length - 1 ? "target" : `marginal_${i}`;
  const all = sources.map((source, i) => ({ name: nameOf(i), source }));
  return { all, keys: keys as OptionKeys };
}

/** @throws {ConfigError} if samples in memory have several shapes. */
function checkSameShape(ends: readonly { name: string; input: InputFile }[]): void {
  const known = ends.filter(({ input }) => input.shape !== null);
  const shapeOf = ({ input }: (typeof ends)[number]) => `${input.shape?.slice(1)}`;
  const other = known.find((end) => shapeOf(end) !== shapeOf(known[0]));
  if (!other) return;
  const [first, second] = [known[0], other].map(
    ({ name, input }) => `${name} has shape [${input.shape?.join(", ")}]`,
  );
  throw new ConfigError(`${first} and ${second}: expected samples of one shape`, "shape");
}

function baseOf(
  inputs: readonly InputFile[],
  overrides: FitRequest["overrides"],
): FitRequest["base"] {
  const names = inputs.map(({ path, shape }) =>
    shape
      ? `${shape.length === 4 ? "array" : "table"}:${path}`
      : datasetOf(path, "the path of data that are there"),
  );
  const images = inputs.find(({ shape }) => shape?.length === 4)?.shape;
  const paths = inputs.map(({ path }) => path);
  return {
    ...placesBase(paths, overrides, names),
    ...(images && {
      "data.channels": images[1],
      "data.image_size": images[2],
      model: "UNET",
    }),
  };
}

function folderOf(request: FitRequest): string {
  const member = fitMember(request);
  return placeOfRun(member.config, member);
}
