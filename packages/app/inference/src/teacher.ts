import { relative } from "node:path";
import { type CompleteTrainConfig, ConfigError } from "@dsbm/config";
import { findRun, keepTeacher, readTeacher, runPaths } from "@dsbm/runs";
import type { Teacher } from "@dsbm/train";
import { Bridge } from "./bridge.js";
import { readTrained, type Trained } from "./trained.js";

/**
 * A run that a run of few steps can learn from.
 * @throws {ConfigError} for a run whose mass grows, for a run of few steps, and as `readTrained`.
 */
export function readTeacherRun(path: string): Trained {
  const trained = readTrained(findRun(path), "newest");
  const { method, folder } = trained;
  if (method.mass)
    throw new ConfigError(
      `${folder} has growth (${method.name}), and few steps move no mass: give a run of method=dsbm, sf2m or otcfm`,
    );
  if (method.rows?.simulation === "teacher")
    throw new ConfigError(
      `${folder} is a run of few steps itself: give the run that it learnt from, ${trained.config.teacher}`,
    );
  return trained;
}

/** The bridge that a run of few steps learns from; dispose it. */
export interface OpenTeacher extends Teacher, Disposable {}

/**
 * Opens the copy of the teacher in the folder of a run, and makes it if it is not there. Returns null for a run without a teacher.
 * @throws {ConfigError} as `readTeacherRun`, and for a teacher of other samples.
 */
export function openTeacher(
  folder: string,
  { teacher, device, threads }: CompleteTrainConfig,
  shape: readonly number[],
): OpenTeacher | null {
  if (teacher === null) return null;
  const { teacher: copy } = runPaths(folder);
  if (!readTeacher(folder)) copyTeacher(folder, readTeacherRun(teacher));
  const bridge = Bridge.open(copy, { device, threads });
  const { trained, sampler } = bridge;
  if (`${trained.shape}` !== `${shape}`) {
    bridge.dispose();
    throw new ConfigError(
      `teacher=${teacher} has samples of shape [${trained.shape}], and these data have [${shape}]: write dsbm distill ${teacher}, which takes its data, too`,
    );
  }
  const { lastNoise } = trained;
  return {
    startSimulation: (direction, x, options) =>
      sampler.startSimulation(direction, x, { ...options, lastNoise }),
    [Symbol.dispose]: () => bridge.dispose(),
  };
}

function copyTeacher(folder: string, { folder: run, models, config, method }: Trained): void {
  const paths = Object.values(models).flatMap((model) => model?.path ?? []);
  const weights = [...new Set(paths)].map((path) => relative(run, path));
  keepTeacher(folder, { run, method: method.name, steps: config.num_steps, weights });
}
