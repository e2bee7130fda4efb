import { existsSync } from "node:fs";
import { join } from "node:path";
import { type CompleteTrainConfig, ConfigError, extend, savedConfig } from "@dsbm/config";
import type { Extension } from "@dsbm/experiment";
import { findRun, readQuality, readRun, shellWord, stoppedWithin } from "@dsbm/runs";
import type { z } from "zod";
import { printRun } from "./results.js";
import { placedWords } from "./words.js";
import { beginWork } from "./work.js";

const notes = [
  "RUN  folder of a run of dsbm train, gaussian or fit; a folder above one; or latest",
  "+N   as more=N",
  "Finished half-iterations stay unchanged. With more half-iterations the result equals a run that had them from the beginning.",
];

type Asked = z.output<typeof extend.schema>;

/** Throws a ConfigError if the run would become shorter. */
function extensionOf(
  { more, n_ipf, half_iterations, num_iter }: Asked,
  { folder, config, done }: { folder: string; config: CompleteTrainConfig; done: number },
): Extension {
  const isNothing = [more, n_ipf, half_iterations, num_iter].every((key) => key === null);
  const { length } = config.fb_sequence;
  const now = config.half_iterations;
  const total = more === null ? (half_iterations ?? (n_ipf ? n_ipf * length : now)) : done + more;
  const steps = num_iter ?? config.num_iter;
  if (total < done || steps < config.num_iter || isNothing)
    throw new ConfigError(
      "usage",
      `${folder} has ${done} of ${now} half-iterations, of ${config.num_iter} steps each: expected more half-iterations or more steps${isNothing ? "" : `, got half_iterations=${total} num_iter=${steps}`}; write for example +${length}, half_iterations=${now + length} or num_iter=${2 * config.num_iter}`,
    );
  return {
    n_ipf: Math.max(1, Math.ceil(total / length)),
    half_iterations: total,
    first_num_iter: num_iter ?? config.first_num_iter,
    num_iter: steps,
  };
}

/** A file named in a run folder is opened only if the user also names it: its code runs. */
function checkNamed(folder: string, saved: unknown, now: object): void {
  const missing = Object.entries({ ...now, ...(saved as object) })
    .filter(([key, value]) => value !== null && Reflect.get(now, key) === null)
    .map(([key, value]) => `metrics.${key}=${shellWord(String(value))}`);
  if (missing.length > 0)
    throw new ConfigError(
      "usage",
      `${folder} was trained with a file whose code runs: if you trust it, name it again: dsbm extend ${folder} ${missing.join(" ")}`,
    );
}

/** Returns the exit code. Throws ConfigError and RunError. */
export async function extendCommand(args: string[]): Promise<number> {
  const words = args.map((word) => word.replace(/^\+(?=\d+$)/, "more="));
  const isPlace = (word: string) => existsSync(join(word, "run.json"));
  const request = placedWords(extend, words, { expected: "RUN", notes, isPlace });
  if (!request) return 0;
  const asked = request.config;
  const folder = findRun(request.places[0] as string);
  const { config: saved, models, info, results } = readRun(folder);
  const before = savedConfig(folder, saved, info.dsbm);
  const named = Object.entries(asked.metrics).filter(([, file]) => file !== null);
  const config = { ...before, metrics: { ...before.metrics, ...Object.fromEntries(named) } };
  checkNamed(folder, saved.metrics, config.metrics);
  const isDone = info.state === "finished";
  const done = isDone ? (models.at(-1)?.half_iteration ?? 0) : config.half_iterations;
  const extension = extensionOf(asked, { folder, config, done });
  const { half_iterations, num_iter } = extension;
  // The printed command to resume does this when the run is complete.
  if (isDone && half_iterations === done && num_iter === config.num_iter) {
    console.log(`${folder} is finished already (+2 makes it longer)`);
    printRun(folder, results);
    return 0;
  }
  const { aloneOnly, measureRun, runTraining } = await import("@dsbm/experiment");
  aloneOnly("extend");
  const files = named.map(([key, file]) => ` metrics.${key}=${shellWord(String(file))}`);
  const resume = `npx dsbm extend ${shellWord(folder)} half_iterations=${half_iterations} num_iter=${num_iter}${files.join("")}`;
  using work = await beginWork(stoppedWithin(resume));
  const { progress, signal, interrupt } = work;
  const { threads, device } = config;
  const { rows, state } = await runTraining(config, {
    folder,
    progress,
    signal,
    resume,
    extension,
    interrupt,
    // The run is not finished before: if it is killed here, the same command evaluates it.
    trained: async (_run, ends) =>
      !readQuality(folder) ||
      (await measureRun(folder, { ends, progress, signal, threads, device })),
  });
  if (state === "interrupted") return 130;
  progress.done();
  printRun(folder, rows);
  return 0;
}
