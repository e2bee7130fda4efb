// `--plan`: the steps, time and memory of a run, measured on throwaway networks.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CompleteTrainConfig } from "@dsbm/config";
import {
  aboutPairs,
  checkBatch,
  loadDatasets,
  loadPairs,
  marginalsOf,
  pictureNotes,
  prepareDatasets,
  stepsOf,
  threadsOf,
  trainingProblem,
} from "@dsbm/problem";
import { duration, type Progress } from "@dsbm/runs";
import { setNumThreads } from "@dsbm/torch";
import { TimeEstimate } from "./estimate.js";
import { lengthText } from "./length.js";
import { memoryAdvice, memoryNeed, memoryText } from "./memory.js";
import { speedOn } from "./speed.js";

export async function memoryLine(config: CompleteTrainConfig): Promise<string> {
  const ends = loadDatasets(config);
  try {
    const problem = trainingProblem(config, ends, { cacheFolder: "" });
    if (problem.method.method.model?.fit) return "memory: only the data";
    const need = await memoryNeed(problem, config);
    return memoryAdvice(need, config) ?? memoryText(need);
  } finally {
    ends.dispose();
  }
}

export async function planRun(
  config: CompleteTrainConfig,
  { progress, signal }: { progress: Progress; signal: AbortSignal | undefined },
): Promise<string[]> {
  setNumThreads(threadsOf(config));
  await prepareDatasets(config, { progress, signal });
  const ends = loadDatasets(config);
  const cacheFolder = mkdtempSync(join(tmpdir(), "dsbm-plan-"));
  try {
    checkBatch(config, ends);
    const pairs = await loadPairs(config, ends, { signal });
    const problem = trainingProblem(config, ends, { cacheFolder, pairs });
    const length = { halves: config.half_iterations, stepsOf: (h: number) => stepsOf(h, config) };
    const lines = await pictureNotes(config);
    if (pairs) lines.push(aboutPairs(config, pairs));
    lines.push(...marginalsOf(ends).map((end) => end.about), lengthText(length));
    if (problem.method.method.model?.fit) return [...lines, "time: fitted in closed form"];
    const need = await memoryNeed(problem, config);
    const advice = memoryAdvice(need, config);
    if (advice) return [...lines, advice, "time: not measured, since the memory may be too small"];
    lines.push(memoryText(need));
    const speed = await speedOn(problem, null);
    const time = new TimeEstimate(config, { speed });
    const seconds = time.left({ half: 1, step: 0 }, length) as number;
    const each = speed.pair * config.cache_npar;
    return [
      ...lines,
      `time: about ${duration(Math.max(1, seconds))}, evaluations not counted: ${speed.step.toPrecision(2)} s a step, ${each < 10 ? `${each.toPrecision(2)} s` : duration(each)} to simulate ${config.cache_npar} pairs`,
    ];
  } finally {
    ends.dispose();
    rmSync(cacheFolder, { recursive: true, force: true });
  }
}
