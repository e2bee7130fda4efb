import type { Experiment } from "@dsbm/config";
import { createInterrupt, createProgress, type Progress } from "@dsbm/runs";
import type { z } from "zod";
import { type Placed, type PlacedOptions, placedWords } from "./words.js";

interface Work extends Disposable {
  progress: Progress;
  signal: AbortSignal;
}

/** Work of the engine. A second signal ends the process also during a native call, with the line `late` and its exit code. */
export async function beginWork(late: string): Promise<Work> {
  const { endAtSecondSignal } = await import("@dsbm/torch");
  const interrupt = createInterrupt();
  const unwatch = endAtSecondSignal(`${late}\n`);
  const progress = createProgress();
  return {
    progress,
    signal: interrupt.signal,
    [Symbol.dispose]() {
      progress.done();
      unwatch();
      interrupt.dispose();
    },
  };
}

/** Does the work of a command with places. Returns the exit code. Throws as `placedWords`. */
export async function runPlaced<S extends z.ZodType>(
  experiment: Experiment<S>,
  args: readonly string[],
  options: PlacedOptions,
  task: (request: Placed<S>, work: Work) => Promise<string | null>,
): Promise<number> {
  const request = placedWords(experiment, args, options);
  return request ? runAlone(experiment.name, (work) => task(request, work)) : 0;
}

/** Works in one process and prints the resulting text; null if it was stopped. Returns the exit code. */
export async function runAlone(
  command: string,
  task: (work: Work) => Promise<string | null>,
): Promise<number> {
  using work = await beginWork("stopped within a step; nothing was written");
  const { aloneOnly } = await import("@dsbm/experiment");
  aloneOnly(command);
  const text = await task(work);
  work.progress.done();
  if (text !== null) console.log(text);
  else work.progress.line("stopped; nothing was written");
  return text === null ? 130 : 0;
}
