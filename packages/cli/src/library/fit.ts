// `fit` of the library: the keys of `dsbm fit` as an object, data as paths or in memory, and a bridge as the result. The
// run is that of the command.
import { methods } from "@dsbm/bridge";
import { type FitConfig, fit as fitExperiment, printValue, resolve, type Tree } from "@dsbm/config";
import { finishedFit, runFit } from "../fit/run.js";
import { readFitWords } from "../fit/words.js";
import { presets } from "../machine/presets.js";
import { placeOfRun } from "../run/place.js";
import type { ProgressState } from "../terminal/progress.js";
import { type Bridge, openBridge } from "./bridge.js";
import { given, type Input, memoryName, type Source, writeInput } from "./inputs.js";

/** What of a key's value may be given. */
type Some<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: Some<T[K]> | undefined }
    : T;

/** The keys of `dsbm fit` as `npx dsbm fit --help` lists them; `model` may be the name of a preset. */
export type FitKeys = Omit<Some<FitConfig>, "Dataset" | "Dataset_transfer" | "model"> & {
  model?: string | Some<FitConfig["model"]> | undefined;
};

/** How far a fit is: a moving state, or a line that stays. */
export type FitProgress = { state: ProgressState } | { line: string };

export interface FitOptions extends FitKeys {
  /** A file, a folder of pictures, or samples in memory. */
  source: Source;
  target: Source;
  /** The folder of the run (default: below `experiments`, named by the data). */
  folder?: string | undefined;
  /** Start over where a run is already; else it goes on, and a finished one is opened. */
  again?: boolean | undefined;
  /** Stops at the next step boundary with all saved; the promise is then rejected with its reason. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: FitProgress) => void) | undefined;
}

/**
 * Fits a bridge between two data sets of your own: `npx dsbm fit SOURCE TARGET key=value …` as a function. What is not given is
 * chosen from the data, within `max_minutes` (10). Data in memory are written into the run folder. Called again with the
 * same options it goes on where it was stopped, or opens what is finished. Throws a ConfigError for keys, a UsageError or
 * DatasetError for data, errors of training and disk, one line each, and the reason of `signal`.
 */
export async function fit(options: FitOptions): Promise<Bridge> {
  const { source, target, folder: place, again = false, signal, onProgress, ...keys } = options;
  const ends = { source: given(source, "source"), target: given(target, "target") };
  const settings = settingsOf(keys);
  const name = memoryName(Object.values(ends));
  if (name !== null && keys.name === undefined) settings.push(`name=${name}`);
  // The folder does not depend on where data in memory will lie.
  const isNamed = name === null || arePictures(ends.source, ends.target);
  const folder = place ?? folderOf(isNamed ? wordsOf(ends, settings).tokens : settings);
  const at = (end: "source" | "target") => writeInput(end, ends[end], { folder, again });
  const words = wordsOf({ source: at("source"), target: at("target") }, settings);
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
function settingsOf(keys: object, above = ""): string[] {
  return Object.entries(keys).flatMap(([key, value]) => {
    if (value === undefined) return [];
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return settingsOf(value, `${above}${key}.`);
    return [`${above}${key}=${printValue(value as Tree[string])}`];
  });
}

const arePictures = (...ends: Input[]) => ends.some(({ shape }) => shape?.length === 4);

/** The words of the command, for paths of both ends. Pictures in arrays say their size themselves. */
function wordsOf(ends: Record<"source" | "target", Input>, settings: readonly string[]) {
  const { source, target } = ends;
  const [, channels, size] =
    [source.shape, target.shape].find((shape) => shape?.length === 4) ?? [];
  if (channels === undefined) return readFitWords([source.path, target.path, ...settings]);
  const name = ({ path, shape }: Input) => printValue(`${shape ? "array" : "folder"}:${path}`);
  const facts = [`data.channels=${channels}`, `data.image_size=${size}`, "model=UNET"];
  const named = [`Dataset=${name(source)}`, `Dataset_transfer=${name(target)}`];
  const { tokens, typed } = readFitWords([...named, ...facts, ...settings]);
  // What the arrays say is not a choice of the user: the keys of the network are chosen by their size.
  return { tokens, typed, given: readFitWords([...named, ...settings]).given };
}

/** Where the command puts the run of these words. */
function folderOf(tokens: readonly string[]): string {
  const names = { method: Object.keys(methods) };
  const { members } = resolve(fitExperiment, tokens, { dirs: [presets], names });
  const member = members[0] as (typeof members)[number];
  return placeOfRun(member.config, member);
}
