// What several runs differ in, and their metrics side by side. Runs that differ in their seed only are one column.
import type { BarShape } from "@dsbm/runs";
import type { ComparedMetric, RunDetail, RunGrade } from "../../shared/api.js";
import { shortNumber } from "../lib/format.js";
import { placesOf } from "./columns.js";

/** Runs of one configuration, of one seed or more. */
export interface RunGroup {
  /** What tells it apart: "sigma 0.5". */
  label: string;
  /** Its runs, by their places in the comparison. */
  members: readonly number[];
}

/** The groups of compared runs, and their differences. */
export interface RunComparison {
  groups: RunGroup[];
  /** The label of each run: the label of its group, with its seed if there are several. */
  labels: string[];
  /** Keys that differ between groups: the user's own first, then data, method and network, then choices of `fit`. */
  keys: string[];
  /** Keys that differ because others do, such as `gamma_max` by `sigma`. */
  derived: string[];
  /** Whether all runs have the same data: metrics of other data are on other scales. */
  isSameData: boolean;
}

/** Keys that organise a run and change no number of it. */
const organising = /^(seed$|name$|threads$|paths\.|LOGGER$|progress$|experiments_dir)/;
/** The keys of the data, the method and the network, which presets set. */
const alwaysNamed = /^(Dataset|method$|model\.name$)/;
/** More differences do not fit a label. */
const mostNamed = 3;

type Config = ReadonlyMap<string, string>;

const configOf = ({ config }: RunDetail): Config => new Map(config);

/** Compares the configurations of runs. */
export function compareRuns(runs: readonly RunDetail[]): RunComparison {
  const configs = runs.map(configOf);
  const differing = [...new Set(configs.flatMap((config) => [...config.keys()]))]
    .filter((key) => !organising.test(key))
    .filter((key) => new Set(configs.map((config) => config.get(key))).size > 1);
  const given = new Set(runs.flatMap(({ row }) => Object.keys(row.given)));
  const own = differing.filter((key) => given.has(key));
  const chosen = new Set(runs.flatMap(({ choices }) => choices.map(({ key }) => key)));
  const free = differing.filter((key) => chosen.has(key));
  const named = [...own, ...differing.filter((key) => alwaysNamed.test(key)), ...free];
  // Runs of earlier versions do not know which keys were given.
  const keys = own.length + free.length > 0 ? [...new Set(named)] : differing;
  const derived = differing.filter((key) => !keys.includes(key));
  const groups = withLabels(runs, configs, {
    groups: groupsOf(runs, configs, differing),
    named: own.length > 0 ? own : keys,
  });
  const labels = runs.map(({ row }, i) => {
    const { label = "", members = [] } = groups.find((one) => one.members.includes(i)) ?? {};
    return members.length === 1 ? label : `${label}, seed ${row.seed}`;
  });
  const isSameData = new Set(runs.map(({ row }) => row.data)).size <= 1;
  return { groups, labels, keys, derived, isSameData };
}

/** Compares texts by their numbers, with decimals, and by the text between. */
function byText(a: string, b: string): number {
  const partsOf = (text: string) => text.split(/(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)/);
  const parts = partsOf(a);
  const others = partsOf(b);
  for (const [i, part] of parts.entries()) {
    const other = others[i] ?? "";
    const order = i % 2 === 1 ? Number(part) - Number(other) : part.localeCompare(other);
    if (order !== 0) return order;
  }
  return parts.length - others.length;
}

/** The places of runs with equal values of all keys, in the order of their seeds. */
function groupsOf(
  runs: readonly RunDetail[],
  configs: readonly Config[],
  keys: readonly string[],
): number[][] {
  const groups = new Map<string, number[]>();
  for (const [i, config] of configs.entries()) {
    const identity = JSON.stringify(keys.map((key) => config.get(key) ?? null));
    groups.set(identity, [...(groups.get(identity) ?? []), i]);
  }
  const seedOf = (i: number) => runs[i]?.row.seed ?? "";
  return [...groups.values()].map((members) =>
    members.toSorted((a, b) => byText(seedOf(a), seedOf(b))),
  );
}

/**
 * Labels groups by the values of a few keys, else by the names of the runs; equal labels get the place of the table. In the order of labels.
 */
function withLabels(
  runs: readonly RunDetail[],
  configs: readonly Config[],
  { groups, named }: { groups: readonly number[][]; named: readonly string[] },
): RunGroup[] {
  const rowOf = ([first = 0]: readonly number[]) => runs[first]?.row;
  const names = groups.map((members) => rowOf(members)?.name ?? "run");
  const few = named.slice(0, mostNamed);
  const labels = groups.map(([first = 0], i) => {
    if (named.length === 0 || named.length > mostNamed) return names[i] ?? "run";
    const value = (key: string) => readable(configs[first]?.get(key));
    return few.map((key) => `${shortKey(key, few)} ${value(key)}`).join(", ");
  });
  const places = placesOf(groups.flatMap((members) => rowOf(members) ?? []));
  return groups
    .map((members, i): RunGroup => {
      const label = labels[i] ?? "";
      const isTwin = labels.filter((one) => one === label).length > 1;
      return {
        members,
        label: isTwin ? `${label} ${places.get(rowOf(members)?.id ?? "")}` : label,
      };
    })
    .toSorted((a, b) => byText(a.label, b.label));
}

/** The last part of a key, if no other key ends so. */
function shortKey(key: string, keys: readonly string[]): string {
  const last = key.split(".").at(-1) ?? key;
  return keys.filter((one) => one.split(".").at(-1) === last).length > 1 ? key : last;
}

/** A value of a configuration as people read it: numbers with four digits, lists with commas. */
export function readable(value: string | undefined): string {
  if (value === undefined || value === "") return "–";
  try {
    return readableValue(JSON.parse(value));
  } catch {
    return value;
  }
}

function readableValue(value: unknown): string {
  if (typeof value === "number") return shortNumber(value);
  if (Array.isArray(value)) return value.map(readableValue).join(", ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null ? "none" : String(value);
}

/** A metric of a group. */
export interface ComparedCell {
  /** The mean over the seeds; null if no run has it. */
  value: number | null;
  /** The standard deviation over the seeds; null for one seed. */
  spread: number | null;
  floor: number | null;
  isBest: boolean;
}

/** A metric of one direction, of all groups. */
export interface ComparedLine {
  title: string;
  direction: string | null;
  cells: ComparedCell[];
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The metrics of all groups, with their floors; of the same data the best of each is marked if seeds differ less. */
export function compareMetrics(
  runs: readonly RunDetail[],
  { groups, isSameData }: RunComparison,
): ComparedLine[] {
  const keyOf = ({ title, direction }: ComparedMetric) => JSON.stringify([title, direction]);
  const all = new Map(runs.flatMap(({ metrics }) => metrics.map((one) => [keyOf(one), one])));
  const titles = [...new Set([...all.values()].map(({ title }) => title))];
  const inOrder = [...all].toSorted(
    ([, a], [, b]) => titles.indexOf(a.title) - titles.indexOf(b.title),
  );
  return inOrder.map(([key, metric]) => {
    const ofGroups = groups.map(({ members }) =>
      members.flatMap((i) => runs[i]?.metrics.find((one) => keyOf(one) === key) ?? []),
    );
    const cells = ofGroups.map(cellOf);
    const losses = cells.map(({ value, floor }, i) =>
      lossOf(value, { ...(ofGroups[i]?.[0] ?? metric), floor }),
    );
    const least = Math.min(...losses);
    const best = losses.indexOf(least);
    const isClear = losses.every((loss, i) => i === best || loss - least > noiseOf(cells, best, i));
    const isContest = isSameData && isClear && losses.filter(Number.isFinite).length > 1;
    return {
      title: metric.title,
      direction: metric.direction,
      cells: cells.map((cell, i) => ({ ...cell, isBest: isContest && losses[i] === least })),
    };
  });
}

/** Whether a line compares anything: several groups have a value, or there is one group. */
export const isShared = ({ cells }: ComparedLine): boolean =>
  cells.length < 2 || cells.filter(({ value }) => value !== null).length > 1;

/** The larger spread over the seeds of two groups: a smaller difference means nothing. */
const noiseOf = (cells: readonly ComparedCell[], i: number, k: number): number =>
  Math.max(cells[i]?.spread ?? 0, cells[k]?.spread ?? 0);

function cellOf(metrics: readonly ComparedMetric[]): ComparedCell {
  const values = metrics.map(({ value }) => value).filter(Number.isFinite);
  const floors = metrics.flatMap(({ floor }) => floor ?? []);
  const value = values.length > 0 ? meanOf(values) : null;
  const squares = values.map((one) => (one - (value ?? 0)) ** 2);
  const spread =
    values.length > 1 ? Math.sqrt((meanOf(squares) * values.length) / (values.length - 1)) : null;
  return { value, spread, floor: floors.length > 0 ? meanOf(floors) : null, isBest: false };
}

/** How far a value is from the best possible one; infinite without a value. */
function lossOf(value: number | null, { better, floor, target }: ComparedMetric): number {
  if (value === null || better === null) return Number.POSITIVE_INFINITY;
  if (better === "higher") return -value;
  if (better === "target") return Math.abs(value - (floor ?? target ?? 0));
  return value;
}

/** A verdict of a group: its worst grade, and how many seeds have another. */
export interface ComparedGrade {
  grade: string;
  /** "✓ good", or "2 × ✓ good, 1 × ✗ poor" */
  text: string;
  /** The bars of its runs. */
  bars: BarShape[];
}

/** The verdicts of all groups in a direction; null for a group without one. */
export function compareGrades(
  runs: readonly RunDetail[],
  groups: readonly RunGroup[],
  direction: "f" | "b",
): (ComparedGrade | null)[] {
  return groups.map(({ members }) => {
    const own = members.flatMap(
      (i) => runs[i]?.row.grades.find((one) => one.direction === direction) ?? [],
    );
    const worst = own.toSorted((a, b) => b.rank - a.rank)[0];
    if (!worst) return null;
    const texts = [...new Set(own.map(({ text }) => text))];
    const count = (text: string) => own.filter((one: RunGrade) => one.text === text).length;
    const text =
      texts.length === 1 ? worst.text : texts.map((one) => `${count(one)} × ${one}`).join(", ");
    return { grade: worst.grade, text, bars: own.flatMap(({ bar }) => bar ?? []) };
  });
}
