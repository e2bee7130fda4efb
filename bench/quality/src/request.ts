// What a run of a benchmark is asked for: its datasets and its options, as objects.
import { printValue } from "@dsbm/config";
import type { Benchmark, Case, Command, Options, Sizes, Way } from "./benchmark.js";

/** One run of a benchmark. */
export interface One {
  benchmark: Benchmark;
  case: Case;
  way: Way;
  seed: number;
}

/** The datasets of `dsbm fit`, if there are any, and the options of a run. */
export interface RunRequest {
  datasets: string[];
  options: Options;
}

/** The command whose options a run has. */
export const commandOf = ({ benchmark, way }: One): Command => way.command ?? benchmark.command;

/** The datasets and options of a run; later options count. */
export function requestOf(
  one: One,
  sizes: Pick<Sizes, "quick" | "threads"> & { files: string; minutes: number | null },
): RunRequest {
  const { benchmark, way, seed } = one;
  const { threads, minutes, files } = sizes;
  const { quick } = benchmark;
  const command = commandOf(one);
  const isFit = command === "fit";
  const options = {
    ...one.case.options(files, sizes, command, way.name),
    ...way.options,
    ...one.case.own?.[way.name],
    ...(sizes.quick && { ...quick.options, ...quick.own?.[way.name] }),
    ...{ seed, threads, plot_level: 0, checkpoint_minutes: 2 },
    ...(isFit && minutes !== null && { max_minutes: minutes }),
  };
  return { datasets: (isFit && one.case.datasets?.(files)) || [], options };
}

/** A request as text, without the time that the run has. */
export function requestText({ datasets, options }: RunRequest): string {
  const { threads: _threads, max_minutes: _minutes, ...rest } = options;
  const settings = Object.entries(rest).map(([key, value]) => `${key}=${printValue(value)}`);
  return [...datasets, ...settings].join(" ");
}
