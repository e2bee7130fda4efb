import { existsSync } from "node:fs";
import { resolve as absolute } from "node:path";
import {
  ConfigError,
  type Experiment,
  helpTable,
  isSetting,
  type Member,
  resolve,
} from "@dsbm/config";
import {
  createInterrupt,
  createProgress,
  directionNames,
  formatTable,
  type MetricRow,
  metricTable,
  newestRows,
  nextStepText,
  type Progress,
  type Quality,
  type Row,
  readLogged,
  worstFirst,
} from "@dsbm/runs";
import type { z } from "zod";
import { printHelp } from "./columns.js";
import { terminalGrade } from "./grade.js";

interface RunningCommand extends Disposable {
  progress: Progress;
  signal: AbortSignal;
}

/** RunningCommand of the engine. A second signal ends the process also during a native call, with the line `late` and its exit code. */
export async function beginWork(late: string): Promise<RunningCommand> {
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

/**
 * Does the work of a command with places. Returns the exit code.
 * @throws as `placedWords`.
 */
export async function runPlaced<S extends z.ZodType>(
  experiment: Experiment<S>,
  args: readonly string[],
  options: PlacedOptions,
  task: (request: Placed<S>, work: RunningCommand) => Promise<string | null>,
): Promise<number> {
  const request = placedWords(experiment, args, options);
  return request ? runAlone(experiment.name, (work) => task(request, work)) : 0;
}

/** Works in one process and prints the resulting text; null if it was stopped. Returns the exit code. */
export async function runAlone(
  command: string,
  task: (work: RunningCommand) => Promise<string | null>,
): Promise<number> {
  using work = await beginWork("stopped within a step; nothing was written");
  await aloneOnly(command);
  const text = await task(work);
  work.progress.done();
  if (text !== null) console.log(text);
  else work.progress.line("stopped; nothing was written");
  return text === null ? 130 : 0;
}

/** @throws {ConfigError} if this process has other ranks. */
export async function aloneOnly(command: string): Promise<void> {
  const { distributed } = await import("@dsbm/torch");
  const { worldSize, launcher } = distributed.placeFromEnvironment();
  if (worldSize === 1) return;
  throw new ConfigError(
    `dsbm ${command} works in one process, but ${launcher} started ${worldSize}: start it without ${launcher}`,
  );
}

interface PlacedOptions {
  /** The places in order; a place in brackets may be missing. */
  expected: string;
  /** Lines of help before the keys. */
  notes: readonly string[];
  /** Options with dashes, and their settings. */
  options?: Readonly<Record<string, string>>;
  /** The keys that help shows (default: all). */
  only?: readonly string[];
}

type Placed<S extends z.ZodType> = Member<z.output<S>> & { places: string[] };

/**
 * Returns the run and the places of a command that does one thing; null after printing help.
 * @throws {ConfigError}
 */
export function placedWords<S extends z.ZodType>(
  experiment: Experiment<S>,
  args: readonly string[],
  { expected, notes, options = {}, only }: PlacedOptions,
): Placed<S> | null {
  const names = expected.split(" ");
  const switches = Object.keys(options);
  const usage = `dsbm ${[experiment.name, expected, "[key=value …]", ...switches].join(" ")}`;
  const places = [] as string[];
  const settings = [] as string[];
  for (const word of args) {
    const isWord = (word.startsWith("-") || isSetting(word)) && !existsSync(word);
    (isWord ? settings : places).push(options[word] ?? word);
  }
  const { help: isHelp, members } = resolve(experiment, settings, { options: switches });
  if (isHelp) {
    const table = helpTable(experiment.schema, { only });
    printHelp([`usage: ${usage}`, "", experiment.about, "", ...notes, "", table].join("\n"));
    return null;
  }
  const [member, ...more] = members;
  if (!member || more.length > 0)
    throw new ConfigError(`dsbm ${experiment.name} handles one run: leave -m out`, "sweep");
  const needed = names.filter((name) => !name.startsWith("["));
  if (places.length < needed.length || places.length > names.length)
    throw new ConfigError(
      `got ${places.length === 0 ? "no arguments" : places.map((place) => JSON.stringify(place)).join(" ")}; expected ${expected}: ${usage}`,
    );
  return { ...member, places };
}

/** Returns the arguments without Hydra's --cfg [job], and whether it was given. */
export function withoutCfg(args: readonly string[]): [words: string[], cfg: boolean] {
  const at = args.findIndex((arg) => arg === "--cfg" || arg === "-c");
  if (at < 0) return [[...args], false];
  return [args.toSpliced(at, args[at + 1] === "job" ? 2 : 1), true];
}

/** The paths of a run's images and report. */
export function placesOf(folder: string): string {
  const at = absolute(folder);
  const pictures = existsSync(`${at}/samples`) ? `images:   ${at}/samples\n` : "";
  return `${pictures}report:   ${at}/report.html`;
}

/** Prints the newest evaluations of a run: a row for each metric with its references. */
export function printRun(folder: string, rows: readonly Row[]): void {
  const table = metricTable(readLogged(folder), newestRows(rows));
  console.log(
    `${formatTable(table)}\nresults:  ${absolute(folder)}/results.csv\n${placesOf(folder)}`,
  );
}

const mostColumns = 5;

const shortNumber = (x: number | null | undefined): string => {
  if (x === null || x === undefined) return "–";
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? x.toExponential(2)
    : String(Number(x.toPrecision(4)));
};

/** All rows, but only the worst columns of each direction. */
function shownQuality({ rows }: Pick<Quality, "rows">): MetricRow[] {
  const seen = { f: 0, b: 0 };
  const isColumn = ({ group }: MetricRow) => group === "columns";
  const columns = (["f", "b"] as const).flatMap((way) =>
    worstFirst(rows.filter((row) => isColumn(row) && row.direction === way)),
  );
  return [...rows.filter((row) => !isColumn(row)), ...columns].filter(({ group, direction }) => {
    if (group !== "columns" || direction === null) return true;
    seen[direction]++;
    return seen[direction] <= mostColumns;
  });
}

/** The table, then skipped metrics, then the verdicts. */
export function qualityTable(quality: Quality): string {
  const rows = shownQuality(quality);
  const table = formatTable(
    rows.map((row) => ({
      metric: row.title,
      direction: row.direction ?? "",
      value: shortNumber(row.value),
      interval:
        row.interval === null || Number.isNaN(row.interval[0])
          ? shortNumber(null)
          : `[${row.interval.map(shortNumber).join(", ")}]`,
      floor: shortNumber(row.floor),
      ceiling: shortNumber(row.ceiling),
      better: row.better === "target" ? `near ${shortNumber(row.target)}` : row.better,
      grade: row.grade ? terminalGrade(row.grade) : "",
    })),
  );
  const hidden = quality.rows.length - rows.length;
  return [
    ...(rows.length > 0 ? [table] : []),
    ...(hidden > 0 ? [`and ${hidden} more columns, which are closer to the data`] : []),
    ...rows.flatMap(({ direction, note }) =>
      note === undefined ? [] : [`${directionNames[direction ?? "f"]}: ${note}`],
    ),
    ...quality.left_out.map((line) => `left out: ${line}`),
    ...quality.verdicts.flatMap(({ direction, grade, reason, next }) => [
      `${directionNames[direction]}: ${terminalGrade(grade)}. ${reason}`,
      `  ${nextStepText(next)}`,
    ]),
  ].join("\n");
}
