// Times of a run in the user's own units: the values of data.split_by.
import type { CompleteTrainConfig } from "@dsbm/config";

type TimeConfig = Pick<CompleteTrainConfig, "data" | "times">;

/** The process time of each dataset of a table, by its value of data.split_by; null for runs of several files. */
export function timeValues({ data, times }: TimeConfig): { value: string; time: number }[] | null {
  const { split_by, source, target, between } = data;
  if (split_by === null || source === null || target === null) return null;
  const values = [source, ...(between ?? []), target];
  return values.map((value, k) => ({ value, time: times?.[k] ?? k / (values.length - 1) }));
}

/** A process time in the user's units: a number between numbers, the text of a text, or else the process time. */
export function timeLabel(config: TimeConfig, time: number): string {
  const values = timeValues(config) ?? [];
  const here = values.find((one) => Math.abs(one.time - time) < 1e-9);
  if (here) return here.value;
  const own = userScale(config);
  return String(Number((own ? own.from + time * own.length : time).toPrecision(6)));
}

/** The scale of times that are numbers in proportion to process times; null for others. */
export function userScale(config: TimeConfig): { from: number; length: number } | null {
  const values = timeValues(config);
  if (!values) return null;
  const from = Number(values[0]?.value);
  const length = Number(values.at(-1)?.value) - from;
  const isScale = values.every(
    ({ value, time }) => Math.abs(from + time * length - Number(value)) < 1e-6 * Math.abs(length),
  );
  return isScale && length > 0 ? { from, length } : null;
}
