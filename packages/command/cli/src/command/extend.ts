import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type CommandRequest,
  type CompleteTrainConfig,
  ConfigError,
  extend,
  printCommand,
  savedConfig,
} from "@dsbm/config";
import { shellWord, writeFileAtomic } from "@dsbm/files";
import { extendRefusal, findRun, type Row, readQuality, readRun, stoppedWithin } from "@dsbm/runs";
import type { z } from "zod";
import { withLog } from "../experiment/run-log.js";
import { aloneOnly, beginWork, placedWords, printRun } from "../terminal/work.js";

const notes = [
  "RUN  folder of a run of dsbm train, gaussian or fit; a folder above one; or latest",
  "+N   as more=N",
  "Finished half-iterations stay unchanged. With more half-iterations the result equals a run that had them from the beginning.",
];

type Asked = z.output<typeof extend.schema>;

/** A run and the length that it is to have. */
interface Extension {
  folder: string;
  /** The configuration with the new length. */
  config: CompleteTrainConfig;
  /** The options that the command to resume repeats. */
  overrides: CommandRequest["overrides"];
  /** Whether an earlier call asked for this length. */
  isResumed: boolean;
}

/** @throws {ConfigError} if the run would become no longer, or has no training. */
function lengthOf(
  { more, half_iterations }: Asked,
  { folder, config, done }: Pick<Extension, "folder" | "config"> & { done: number },
): number {
  const { half_iterations: now, fb_sequence } = config;
  const { length } = fb_sequence;
  const total = more === null ? (half_iterations ?? 0) : done + more;
  const refusal = total === now ? null : extendRefusal(config);
  if (refusal !== null)
    throw new ConfigError(
      `${folder} cannot become longer, since ${refusal}: train another method, for example method=dsbm`,
    );
  if (total < done || total === 0)
    throw new ConfigError(
      `${folder} has ${done} of ${now} half-iterations: expected more; write for example +${length} or half_iterations=${now + length}`,
    );
  // A run that ended early first gets the half-iterations of its configuration.
  return Math.max(total, now);
}

/** A file named in a run folder is opened only if the user also names it: its code runs. */
function checkNamed(
  folder: string,
  saved: Partial<Asked["metrics"]>,
  asked: Asked["metrics"],
): void {
  for (const key of ["inception", "fid_statistics"] as const)
    if (saved[key] && asked[key] === null)
      throw new ConfigError(
        `${folder} was trained with a file whose code runs: if you trust it, name it again: metrics.${key}=${shellWord(saved[key])}`,
      );
}

/**
 * The mark of an extension whose end was not printed. A finished run with it belongs to the same call: +N typed again
 * trains no more.
 */
const extensionMark = {
  path: (folder: string) => join(folder, "extend.json"),
  write: (folder: string, half_iterations: number) =>
    writeFileAtomic(extensionMark.path(folder), JSON.stringify({ half_iterations })),
  has(folder: string, done: number): boolean {
    const path = extensionMark.path(folder);
    return (
      existsSync(path) && readFileSync(path, "utf8") === JSON.stringify({ half_iterations: done })
    );
  },
  remove: (folder: string) => rmSync(extensionMark.path(folder), { force: true }),
};

/** Prints a run that has its length. Returns the exit code. */
function printFinished(
  { folder, config }: Pick<Extension, "folder" | "config">,
  results: readonly Row[],
): number {
  console.log(
    `${folder} is finished already${extendRefusal(config) === null ? " (+2 makes it longer)" : ""}`,
  );
  printRun(folder, results);
  extensionMark.remove(folder);
  return 0;
}

/**
 * Returns the exit code.
 * @throws {ConfigError | RunError}
 */
export async function extendCommand(args: string[]): Promise<number> {
  const words = args.map((word) => word.replace(/^\+(?=\d+$)/, "more="));
  const request = placedWords(extend, words, { expected: "RUN", notes });
  if (!request) return 0;
  const { metrics, ...asked } = request.config;
  const folder = findRun(request.places[0]);
  const { config: saved, models, info, results } = readRun(folder);
  const before = savedConfig(folder, saved, info.dsbm);
  checkNamed(folder, saved.metrics ?? {}, metrics);
  const isDone = info.state === "finished";
  const done = isDone ? (models.at(-1)?.half_iteration ?? 0) : before.half_iterations;
  const isExtending = info.request?.command === "extend";
  // +N typed again after an interruption ends at the length of the first call.
  const isRepeated = asked.more !== null && isExtending;
  const isSameCall = isRepeated && (!isDone || extensionMark.has(folder, done));
  const more = isSameCall ? 0 : asked.more;
  const half_iterations = lengthOf({ ...asked, metrics, more }, { folder, config: before, done });
  // The printed command to resume does this when the run is complete.
  if (isDone && half_iterations === done) return printFinished({ folder, config: before }, results);
  const files = Object.entries(metrics).flatMap(([key, file]) =>
    file === null ? [] : [[`metrics.${key}`, file] as const],
  );
  const n_ipf = Math.ceil(half_iterations / before.fb_sequence.length);
  return extendRun({
    folder,
    config: { ...before, metrics: { ...before.metrics, ...metrics }, n_ipf, half_iterations },
    overrides: { half_iterations, ...Object.fromEntries(files) },
    isResumed: isExtending && !isDone,
  });
}

async function extendRun({ folder, config, overrides, isResumed }: Extension): Promise<number> {
  const { checkSavedFolder, measureRun, runTraining, savedPaths } = await import(
    "@dsbm/experiment"
  );
  await aloneOnly("extend");
  const { threads, device, half_iterations } = config;
  const request = { command: "extend", arguments: [folder], overrides };
  const resume = printCommand(request);
  using work = await beginWork(stoppedWithin(resume));
  const { signal } = work;
  const progress = withLog(work.progress, folder);
  if (isResumed)
    progress.line(
      `continues to ${half_iterations} half-iterations; half_iterations=N changes the length`,
    );
  const { rows, state } = await runTraining(
    { ...config, paths: savedPaths(config) },
    {
      folder,
      progress,
      signal,
      resume,
      request,
      free: ["n_ipf", "half_iterations"],
      checkFolder: checkSavedFolder,
      onOpen: () => extensionMark.write(folder, half_iterations),
      // The run is not finished before: if it is killed here, the same command evaluates it.
      trained: async (_run, datasets) =>
        !readQuality(folder) ||
        (await measureRun(folder, { datasets, progress, signal, threads, device })),
    },
  );
  if (state === "interrupted") return 130;
  progress.done();
  printRun(folder, rows);
  extensionMark.remove(folder);
  return 0;
}
