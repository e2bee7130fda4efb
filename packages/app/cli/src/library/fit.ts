// `fit` of the library: the keys of `dsbm fit` as an object, data as paths or in memory, and a bridge as the result. The
// run is that of the command.
import { type FitConfig, flatten, printValue, UsageError } from "@dsbm/config";
import { finishedFit, memberOf, runFit } from "@dsbm/experiment";
import type { ProgressState } from "@dsbm/runs";
import { readFitWords } from "../words/fit.js";
import { placeOfRun } from "../words/place.js";
import { type Bridge, openBridge } from "./bridge.js";
import { given, type Input, memoryName, type Source, writeInput } from "./inputs.js";

/** What of a key's value may be given. */
type Some<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: Some<T[K]> | undefined }
    : T;

/** The keys of `dsbm fit` as `npx dsbm fit --help` lists them; `model` may be the name of a preset. */
export type FitKeys = Omit<
  Some<FitConfig>,
  "Dataset" | "Dataset_between" | "Dataset_transfer" | "model"
> & {
  model?: string | Some<FitConfig["model"]> | undefined;
};

/** How far a fit is: a moving state, or a line that stays. */
export type FitProgress = { state: ProgressState } | { line: string };

interface RunOptions extends FitKeys {
  /** The folder of the run (default: below `experiments`, named by the data). */
  folder?: string | undefined;
  /** Start over where a run is already; else it goes on, and a finished one is opened. */
  again?: boolean | undefined;
  /** Stops at the next step boundary with all saved; the promise is then rejected with its reason. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: FitProgress) => void) | undefined;
}

/** Two data sets, each a file, a folder of pictures, or samples in memory. */
export interface FitOptions extends RunOptions {
  source: Source;
  target: Source;
}

/** Two or more in the order of their times (`times`; default: equally spaced). */
export interface FitManyOptions extends RunOptions {
  marginals: readonly Source[];
}

/**
 * Fits a bridge between two data sets of your own: `npx dsbm fit SOURCE TARGET key=value …` as a function. What is not given is
 * chosen from the data, within `max_minutes` (10). Data in memory are written into the run folder. Called again with the
 * same options it goes on where it was stopped, or opens what is finished. Throws a ConfigError for keys, a UsageError or
 * DatasetError for data, errors of training and disk, one line each, and the reason of `signal`.
 */
export async function fit(options: FitOptions | FitManyOptions): Promise<Bridge> {
  const { folder: place, again = false, signal, onProgress, ...rest } = options;
  const { all, keys } = marginalsIn(rest);
  const ends = all.map(({ source, name }) => ({ name, input: given(source, name) }));
  const inputs = ends.map(({ input }) => input);
  const settings = settingsOf(keys);
  const name = memoryName(inputs);
  if (name !== null && keys.name === undefined) settings.push(`name=${name}`);
  // The folder does not depend on where data in memory will lie.
  const inMemory = (words: readonly string[]) =>
    inputs.length > 2
      ? [
          ...words,
          `Dataset_between=${printValue(inputs.slice(1, -1).map((_, i) => `memory_${i}`))}`,
        ]
      : words;
  const isNamed = name === null || arePictures(...inputs);
  const folder = place ?? folderOf(isNamed ? wordsOf(inputs, settings).tokens : inMemory(settings));
  const places = ends.map((end) => writeInput(end.name, end.input, { folder, again }));
  const words = wordsOf(places, settings);
  if (again || !finishedFit(words, folder)) {
    const say = onProgress ?? (() => {});
    const { state } = await runFit(words, {
      ...{ folder, again, signal },
      progress: {
        update: (moving) => say({ state: moving }),
        line: (line) => say({ line }),
        done: () => {},
      },
      resume: `fit({ …, folder: ${JSON.stringify(folder)} })`,
    });
    if (state === "interrupted") throw signal?.reason ?? new Error(`${folder} was interrupted`);
  }
  const { device, threads } = keys;
  return openBridge(folder, { ...(device && { device }), ...(threads && { threads }) });
}

/** Keys as words: `{ model: { hidden: "64,64" } }` is model.hidden='64,64'. */
const settingsOf = (keys: object): string[] =>
  Object.entries(flatten(keys)).map(([key, value]) => `${key}=${printValue(value)}`);

const arePictures = (...ends: Input[]) => ends.some(({ shape }) => shape?.length === 4);

/** The data sets in their order, with names for messages, and the keys beside them. Throws a UsageError for less than two. */
function marginalsIn(
  options: Omit<FitOptions, keyof RunOptions> | Omit<FitManyOptions, keyof RunOptions>,
) {
  if (!("marginals" in options)) {
    const { source, target, ...keys } = options;
    return {
      all: [
        { name: "source", source },
        { name: "target", source: target },
      ],
      keys: keys as FitKeys,
    };
  }
  const { marginals, ...keys } = options;
  if (marginals.length < 2)
    throw new UsageError(`marginals has ${marginals.length} data sets; expected two or more`);
  const last = marginals.length - 1;
  const nameOf = (i: number) => (i === 0 ? "source" : i === last ? "target" : `marginal_${i}`);
  const all = marginals.map((source, i) => ({ name: nameOf(i), source }));
  return { all, keys: keys as FitKeys };
}

/** The words of the command, for paths of all data. Pictures in arrays say their size themselves. */
function wordsOf(inputs: readonly Input[], settings: readonly string[]) {
  const [, channels, size] =
    inputs.map(({ shape }) => shape).find((shape) => shape?.length === 4) ?? [];
  if (channels === undefined) return readFitWords([...inputs.map(({ path }) => path), ...settings]);
  const names = inputs.map(({ path, shape }) => `${shape ? "array" : "folder"}:${path}`);
  const between = names.slice(1, -1);
  const facts = [`data.channels=${channels}`, `data.image_size=${size}`, "model=UNET"];
  const named = [
    `Dataset=${printValue(names[0] as string)}`,
    ...(between.length > 0 ? [`Dataset_between=${printValue(between)}`] : []),
    `Dataset_transfer=${printValue(names.at(-1) as string)}`,
  ];
  const { tokens, typed } = readFitWords([...named, ...facts, ...settings]);
  // What the arrays say is not a choice of the user: the keys of the network are chosen by their size.
  return { tokens, typed, given: readFitWords([...named, ...settings]).given };
}

/** Where the command puts the run of these words. */
function folderOf(tokens: readonly string[]): string {
  const member = memberOf(tokens);
  return placeOfRun(member.config, member);
}
