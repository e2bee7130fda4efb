// The times of a course: process times, the values of a time column, and the scale between them.
import { type Chain, chainOf, methodFacts, methodsWith } from "@dsbm/bridge";
import { type CompleteTrainConfig, ConfigError, processTimes } from "@dsbm/config";

/** The options that name times. */
export type TimeConfig = Pick<CompleteTrainConfig, "data" | "times">;

/** The process times of `n` datasets. */
export const datasetTimes = ({ times }: Pick<TimeConfig, "times">, n: number): number[] =>
  times ? processTimes({ times }, times) : Array.from({ length: n }, (_, k) => k / (n - 1));

/** The process time of each value of data.split_by; empty for runs of several files. */
export function timeValues({ data, times }: TimeConfig): { value: string; time: number }[] {
  const { split_by, source, target, between } = data;
  if (split_by === null || source === null || target === null) return [];
  const values = [source, ...(between ?? []), target];
  const positions = datasetTimes({ times }, values.length);
  return values.map((value, k) => ({ value, time: positions[k] }));
}

/** The scale of numeric times in proportion to process times: value = from + length · time; null for others. */
export function timeScale(config: TimeConfig): { from: number; length: number } | null {
  const values = timeValues(config);
  const from = config.times?.[0] ?? Number(values[0]?.value ?? 0);
  const length = (config.times?.at(-1) ?? Number(values.at(-1)?.value ?? 1)) - from;
  const isScale = values.every(
    ({ value, time }) => Math.abs(from + time * length - Number(value)) < 1e-6 * length,
  );
  return isScale && length > 0 ? { from, length } : null;
}

/**
 * The intervals of a time course; null for two datasets.
 * @throws {ConfigError} for a method of two datasets.
 */
export function configChain({
  Dataset_between,
  times,
  method,
}: Pick<CompleteTrainConfig, "Dataset_between" | "times" | "method">): Chain | null {
  if (Dataset_between === null) return null;
  const intervals = Dataset_between.length + 1;
  if (!methodFacts(method).courses)
    throw new ConfigError(
      `method=${method} is for two datasets, got ${intervals + 1}: write method=dsbm, or another of ${methodsWith(({ courses }) => courses).join(", ")}`,
    );
  return chainOf(datasetTimes({ times }, intervals + 1));
}
