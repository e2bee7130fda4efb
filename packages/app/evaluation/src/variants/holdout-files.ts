// The files of `holdout`: data of times that no training saw.
import { ConfigError, checkHoldouts, type EvaluateConfig, processTimes } from "@dsbm/config";
import type { MetricRow } from "@dsbm/runs";
import type { Subject } from "../subject.js";
import { type HeldOutOptions, measureHoldout } from "./held-out.js";

/** A file of `holdout`: its time in the units of the data, and as a process time. */
export interface HoldoutFile {
  path: string;
  at: number;
  time: number;
}

/**
 * The files of `holdout` with their times.
 * @throws {ConfigError} for times outside the data's range.
 */
export function holdoutsOf({ trained }: Subject, { holdout, at }: EvaluateConfig): HoldoutFile[] {
  const { times } = trained.config;
  const [problem] = checkHoldouts({ holdout, at }, times);
  if (problem !== undefined) throw new ConfigError(problem, "value");
  const userTimes = [at ?? []].flat();
  const inProcess = processTimes({ times }, userTimes);
  return [holdout ?? []].flat().map((path, i) => ({
    path,
    at: userTimes[i],
    time: inProcess[i],
  }));
}

/**
 * Measures the files of `holdout`. Returns null if it was stopped.
 * @throws {ConfigError} for a run without forward parameters.
 */
export async function measureHoldouts(
  subject: Subject,
  holdouts: readonly HoldoutFile[],
  options: HeldOutOptions,
): Promise<MetricRow[] | null> {
  const rows: MetricRow[] = [];
  for (const [i, { path, time }] of holdouts.entries()) {
    if (!subject.bridge.networks.f)
      throw new ConfigError(
        `holdout=${path}: ${subject.trained.folder} has no weights of direction f yet, which sample from the source: leave holdout out`,
      );
    const clock = options.clock.part(0.5 / (holdouts.length - i));
    const ofFile = await measureHoldout(subject, { path, time }, { ...options, clock });
    if (!ofFile) return null;
    rows.push(...ofFile);
  }
  return rows;
}
