import { ConfigError, extend, printCommand, savedConfig } from "@dsbm/config";
import { shellWord } from "@dsbm/files";
import { findRun, readQuality, readRun, stoppedWithin } from "@dsbm/runs";
import type { z } from "zod";
import { aloneOnly, beginWork, placedWords, printRun } from "../terminal/work.js";

const notes = [
  "RUN  folder of a run of dsbm train, gaussian or fit; a folder above one; or latest",
  "+N   as more=N",
  "Finished half-iterations stay unchanged. With more half-iterations the result equals a run that had them from the beginning.",
];

type Asked = z.output<typeof extend.schema>;

/** Throws a ConfigError if the run would become no longer. */
function lengthOf(
  { more, half_iterations }: Asked,
  { folder, length, now, done }: Record<"length" | "now" | "done", number> & { folder: string },
): number {
  const total = more === null ? (half_iterations ?? 0) : done + more;
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

/** Returns the exit code. Throws ConfigError and RunError. */
export async function extendCommand(args: string[]): Promise<number> {
  const words = args.map((word) => word.replace(/^\+(?=\d+$)/, "more="));
  const request = placedWords(extend, words, { expected: "RUN", notes });
  if (!request) return 0;
  const { metrics, ...asked } = request.config;
  const folder = findRun(request.places[0]);
  const { config: saved, models, info, results } = readRun(folder);
  const before = savedConfig(folder, saved, info.dsbm);
  checkNamed(folder, saved.metrics ?? {}, metrics);
  const { length } = before.fb_sequence;
  const now = before.half_iterations;
  const isDone = info.state === "finished";
  const done = isDone ? (models.at(-1)?.half_iteration ?? 0) : now;
  const isExtending = !isDone && info.request?.command === "extend";
  // +N typed again after an interruption ends at the length of the first call.
  const more = isExtending && asked.more !== null ? 0 : asked.more;
  const half_iterations = lengthOf({ ...asked, metrics, more }, { folder, length, now, done });
  // The printed command to resume does this when the run is complete.
  if (isDone && half_iterations === done) {
    console.log(`${folder} is finished already (+2 makes it longer)`);
    printRun(folder, results);
    return 0;
  }
  const { measureRun, runTraining } = await import("@dsbm/experiment");
  await aloneOnly("extend");
  const files = Object.entries(metrics).flatMap(([key, file]) =>
    file === null ? [] : [[`metrics.${key}`, file] as const],
  );
  const typed = {
    command: "extend",
    arguments: [folder],
    overrides: { half_iterations, ...Object.fromEntries(files) },
  };
  const resume = printCommand(typed);
  using work = await beginWork(stoppedWithin(resume));
  const { progress, signal } = work;
  if (isExtending)
    progress.line(
      `continues to ${half_iterations} half-iterations; half_iterations=N changes the length`,
    );
  const n_ipf = Math.ceil(half_iterations / length);
  const config = { ...before, metrics: { ...before.metrics, ...metrics }, n_ipf, half_iterations };
  const { threads, device } = config;
  const { rows, state } = await runTraining(config, {
    folder,
    progress,
    signal,
    resume,
    request: typed,
    free: ["n_ipf", "half_iterations"],
    // The run is not finished before: if it is killed here, the same command evaluates it.
    trained: async (_run, datasets) =>
      !readQuality(folder) ||
      (await measureRun(folder, { datasets, progress, signal, threads, device })),
  });
  if (state === "interrupted") return 130;
  progress.done();
  printRun(folder, rows);
  return 0;
}
