// `dsbm extend RUN +2`: a run made longer: more half-iterations, or more steps in them. What it has learnt stays.
import { existsSync } from "node:fs";
import { type CompleteTrainConfig, ConfigError, parseOverride, savedConfig } from "@dsbm/config";
import type { Extension } from "@dsbm/experiment";
import type { Progress } from "@dsbm/runs";
import { findRun, readQuality, readRun, shellWord, stoppedWithin, writeQuality } from "@dsbm/runs";
import { printHelp } from "../terminal/columns.js";
import { printRun } from "./results.js";
import { beginWork } from "./work.js";

const usage = "dsbm extend RUN [+N] [n_ipf=…] [num_iter=…]";

const help = `usage: ${usage}

Goes on with a run, finished or not, for longer than its words said.

RUN                folder of a run of dsbm train, gaussian or fit; a folder above one; or latest
+N                 so many half-iterations more
n_ipf=N            iterations in all
half_iterations=N  half-iterations in all; also outer_iters
num_iter=N         training steps of each half-iteration to come; also inner_iters. Without more half-iterations the
                   last one goes on to so many steps, with random streams that begin anew

What is done stays as it is. With more half-iterations the result is that of a run which had as many from the beginning.`;

const names: Readonly<Record<string, "n_ipf" | "half_iterations" | "num_iter">> = {
  n_ipf: "n_ipf",
  half_iterations: "half_iterations",
  outer_iters: "half_iterations",
  num_iter: "num_iter",
  inner_iters: "num_iter",
};

/** What the words ask for. Throws a ConfigError for others. */
function readWords(words: readonly string[]) {
  const asked: { more?: number; n_ipf?: number; half_iterations?: number; num_iter?: number } = {};
  for (const word of words) {
    const more = /^\+(\d+)$/.exec(word)?.[1];
    const { key, values } = more ? { key: "more", values: [Number(more)] } : parseOverride(word);
    const name = key === "more" ? key : Object.hasOwn(names, key) ? names[key] : undefined;
    const [value, ...others] = values;
    if (name === undefined)
      throw new ConfigError(
        "usage",
        `${word}: dsbm extend takes +N, n_ipf, half_iterations and num_iter; another key makes another run: give it to dsbm train, with from=RUN to begin at the weights of this one`,
      );
    if (!Number.isSafeInteger(value) || Number(value) < 1 || others.length > 0)
      throw new ConfigError(
        "usage",
        `${word}: expected an integer from 1 on; write for example +2`,
      );
    asked[name] = Number(value);
  }
  return asked;
}

/** How long the run is to be. Throws a ConfigError where that is shorter than it is. */
function extensionOf(
  words: readonly string[],
  { folder, config, done }: { folder: string; config: CompleteTrainConfig; done: number },
): Extension {
  const { more, n_ipf, half_iterations, num_iter } = readWords(words);
  const { length } = config.fb_sequence;
  const now = config.half_iterations;
  const wanted =
    more === undefined ? (half_iterations ?? (n_ipf ? n_ipf * length : now)) : done + more;
  const steps = num_iter ?? config.num_iter;
  if (wanted < done || steps < config.num_iter || words.length === 0)
    throw new ConfigError(
      "usage",
      `${folder} has ${done} of ${now} half-iterations, of ${config.num_iter} steps each: expected more of them, or of their steps, got ${words.length === 0 ? "no words" : words.join(" ")}; write for example +${length}, half_iterations=${now + length} or num_iter=${2 * config.num_iter}`,
    );
  return {
    n_ipf: Math.max(1, Math.ceil(wanted / length)),
    half_iterations: wanted,
    first_num_iter: num_iter ?? config.first_num_iter,
    num_iter: steps,
  };
}

const fileWord = /^metrics\.(inception|fid_statistics)=(.+)$/;

/** What a run folder names is opened only if the user names it too: its code runs. */
function checkNamed(folder: string, saved: unknown, now: object): void {
  const wanted = Object.entries({ ...now, ...(saved as object) })
    .filter(([key, value]) => value !== null && Reflect.get(now, key) === null)
    .map(([key, value]) => `metrics.${key}=${shellWord(String(value))}`);
  if (wanted.length > 0)
    throw new ConfigError(
      "usage",
      `${folder} was trained with a file whose code runs: if you trust it, name it again: dsbm extend ${folder} ${wanted.join(" ")}`,
    );
}

/** Runs the command; returns the exit code. Throws ConfigError, ConfigError and RunError. */
export async function extendCommand(args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    printHelp(help);
    return 0;
  }
  const [place, ...all] = args;
  if (place === undefined || (/^[+-]|=/.test(place) && !existsSync(place)))
    throw new ConfigError("usage", `got ${place ?? "no words"}; expected RUN: ${usage}`);
  const folder = findRun(place);
  const { config: saved, models, info, results } = readRun(folder);
  const read = savedConfig(folder, saved, info.dsbm);
  const typed: Record<string, string> = {};
  const words = all.filter((word) => {
    const [, key, file] = fileWord.exec(word) ?? [];
    if (key && file) typed[key] = file;
    return !key;
  });
  const config = { ...read, metrics: { ...read.metrics, ...typed } };
  checkNamed(folder, saved.metrics, config.metrics);
  const isDone = info.state === "finished";
  const done = isDone ? (models.at(-1)?.half_iteration ?? 0) : config.half_iterations;
  const extension = extensionOf(words, { folder, config, done });
  const { half_iterations, num_iter } = extension;
  // The command that is printed to go on with says so once all is done.
  if (isDone && half_iterations === done && num_iter === config.num_iter) {
    console.log(`${folder} is finished already (+2 makes it longer)`);
    printRun(folder, results);
    return 0;
  }
  const { aloneOnly } = await import("@dsbm/experiment");
  aloneOnly("extend");
  const { runTraining } = await import("@dsbm/experiment");
  const files = Object.entries(typed).map(([key, file]) => ` metrics.${key}=${shellWord(file)}`);
  const resume = `npx dsbm extend ${shellWord(folder)} half_iterations=${half_iterations} num_iter=${num_iter}${files.join("")}`;
  using work = await beginWork(stoppedWithin(resume));
  const { progress, signal, interrupt } = work;
  const options = { folder, progress, signal, resume, extension, interrupt };
  const { rows, state } = await runTraining(config, options);
  if (state === "interrupted") return 130;
  if (readQuality(folder) && !(await measureAgain(folder, config, { progress, signal })))
    return 130;
  progress.done();
  printRun(folder, rows);
  return 0;
}

/** Measures a run and writes its report. Returns false if `signal` stopped it. */
export async function measureAgain(
  folder: string,
  { threads, device }: CompleteTrainConfig,
  options: { progress: Progress; signal: AbortSignal },
): Promise<boolean> {
  const { measureQuality } = await import("@dsbm/evaluation");
  const { writeReport } = await import("@dsbm/experiment");
  const quality = await measureQuality(folder, { ...options, threads, device });
  if (!quality) return false;
  writeQuality(folder, quality);
  await writeReport({ folder });
  return true;
}
