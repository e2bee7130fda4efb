// The only rule for grades: it grades rows of bridges, columns and hold-outs, and from them a direction.
import { basename } from "node:path";
import { firstOf } from "@dsbm/files";
import { shellWord } from "../process.js";
import {
  type Excess,
  type Grade,
  grades,
  type MetricRow,
  type Quality,
  type Verdict,
} from "../run/metrics.js";
import type { DataFile, EndpointData } from "../run/reader.js";
import { digits, type Html, html, percent } from "./page/page.js";

interface Judgement {
  /** Null if nothing must be reached, or if the interval is unknown. */
  grade: Grade | null;
  /** Without a capital and a full stop. */
  words: string;
  /** Position in the drawing: 0 at the floor, 1 at the ceiling; null if either is missing. */
  left: number | null;
  /** Whether the interval excludes "good". */
  isOff: boolean;
}

/** A tenth of the distance is below the spread of most datasets. */
const near = 0.1;
/**
 * A classifier needs a wider limit: the error of an accuracy falls as 1/√n however close the
 * samples are.
 */
const nearAccuracy = 0.2;
/** A bridge with half of the distance left is poor. */
const far = 0.5;
const leastPower = 0.8;
const classifier = "c2st";
const markOf = ({ name }: MetricRow) => (name === classifier ? nearAccuracy : near);
const variances = { good: 1.25, partial: 2 };

const isKnown = (x: number | null | undefined): x is number => Number.isFinite(x);
const worst = (list: readonly Grade[]): Grade =>
  grades[Math.max(...list.map((grade) => grades.indexOf(grade)))];

/** Compares a metric with its floor and ceiling. */
export function judge(row: MetricRow): Judgement {
  const { value, floor, ceiling, better, target, excess } = row;
  const hasRatio = isKnown(floor) && floor > 0 && value > 0;
  const hasWay = isKnown(floor) && isKnown(ceiling) && floor !== ceiling;
  const left = hasWay ? (value - floor) / (ceiling - floor) : null;
  const say = (grade: Grade | null, words: string, isOff = false): Judgement => ({
    grade: grade && (row.grade ?? grade),
    words,
    left,
    isOff,
  });
  if (!isKnown(value)) return say("poor", "not a finite number", true);
  // The least of many variances is below 1 even for the data.
  if (better === "target" && isKnown(target)) return say(...judgeTarget(row, floor ?? target));
  if (!excess)
    return say(null, row.note ?? (hasRatio ? `${digits(value / floor, 2)} times the floor` : ""));
  const { low, high, power } = excess;
  if (power < leastPower)
    return say("undecided", "too few rows to tell the ceiling from the floor");
  const mark = markOf(row);
  const isOff = low >= mark;
  if (high < mark) return say("good", `at most ${percent(high)} of the distance is left`);
  if (low >= 0.95) return say("poor", "no better than no bridge", true);
  const words = wayOf(excess);
  if (high < far) return say("partial", words, isOff);
  return say(isOff && excess.value >= far ? "poor" : "undecided", words, isOff);
}

/** "83 % of the way (71 to 90 %)" */
function wayOf({ value, low, high }: Excess): string {
  const way = (left: number) => percent(Math.min(1, Math.max(0, 1 - left)));
  return `${way(value)} of the way (${way(high)} to ${way(low)})`;
}

function judgeTarget(
  { value, interval }: MetricRow,
  target: number,
): [Grade | null, string, boolean] {
  const words = `expected ${digits(target)}`;
  if (!interval || target === 0) return [null, words, false];
  const off = interval.map((x) => Math.max(x / target, target / x, x > 0 ? 0 : Infinity));
  const isInside = interval[0] <= target && target <= interval[1];
  const most = Math.max(...off);
  const least = isInside ? 1 : Math.min(...off);
  const isOff = least > variances.good;
  if (most <= variances.good) return ["good", words, false];
  if (most <= variances.partial) return ["partial", words, isOff];
  const isFar = Math.max(value / target, target / value) > variances.partial;
  return [isOff && isFar ? "poor" : "undecided", words, isOff];
}

/** The rows with their grades. */
export function gradedRows(rows: readonly MetricRow[]): MetricRow[] {
  return rows.map((row) => {
    const { grade } = judge(row);
    return grade === null ? row : { ...row, grade };
  });
}

/** Additional facts for a verdict. */
export interface VerdictFacts {
  /** The user's names of the two datasets. */
  names: Names;
  /** "rows" or "images" */
  what: string;
  /** Held-out rows of source and target, and all rows of both. */
  n_held_out: readonly [number, number];
  /** Commands that train for longer, generate samples, and measure again (default: no next step). */
  commands?: Readonly<Record<"longer" | "sample" | "measure", string>>;
  /** Whether the time allowed fewer rows than were held out. */
  isCut?: boolean;
  /** Parts of a cross-validation. */
  folds?: number;
}

/**
 * The verdict on a direction from graded rows: the worse of main metric and classifier, and not
 * good if another metric is off. Returns null without either.
 */
export function verdictOn(
  direction: Verdict["direction"],
  rows: readonly MetricRow[],
  facts: VerdictFacts,
): Verdict | null {
  const { names, what, n_held_out, folds = 1 } = facts;
  const main = mainMetric(rows, direction);
  const ends = endpointRows(rows, direction);
  const accuracy = ends.find(({ name }) => name === classifier);
  if (!main?.excess || !accuracy) return null;
  const [start, end] =
    direction === "f" ? [names.source, names.target] : [names.target, names.source];
  const deciding = [main, accuracy];
  const others = ends.filter((row) => !deciding.includes(row) && judge(row).isOff);
  const grade = worst([
    ...deciding.map((row) => judge(row).grade ?? "undecided"),
    others.length > 0 ? "partial" : "good",
  ]);
  const isOff = others.length > 0 || deciding.some((row) => judge(row).isOff);
  const advised = { ...facts, isOff, deciding, direction, start, end };
  const counts = `${digits(n_held_out[0])} held-out ${what} of ${names.source} and ${digits(n_held_out[1])} of ${names.target}`;
  const row = grade === "undecided" && judge(main).grade !== grade ? accuracy : main;
  const sentences = [sentenceOf(grade, row, advised)];
  if (grade !== "undecided")
    sentences.push(
      `A classifier labels ${percent(accuracy.value)} of generated and held-out ${what} correctly (50 % is guessing).`,
    );
  if (others.length > 0 && grade !== "poor")
    sentences.push(
      `Not yet right: ${firstOf(
        others.map((row) => `${row.title} ${digits(row.value)} (${judge(row).words})`),
        3,
      )}.`,
    );
  const how = folds > 1 ? `by ${folds}-fold cross-validation, ` : "";
  sentences.push(`Judged ${how}with ${counts}.`);
  return {
    direction,
    grade,
    n_held_out: [...n_held_out],
    reason: sentences.join(" "),
    next: nextOf(grade, advised),
  };
}

interface Advised extends VerdictFacts {
  isOff: boolean;
  deciding: readonly MetricRow[];
  direction: Verdict["direction"];
  start: string;
  end: string;
}

function sentenceOf(
  grade: Grade,
  { name, value, excess }: MetricRow,
  { what, start, end }: Advised,
): string {
  if (!excess || !isKnown(value))
    return "The generated samples are not finite numbers: the bridge cannot be used in this direction.";
  const { low, high, power } = excess;
  const who = name === classifier ? "To a classifier, the" : "The";
  const way = `${who} generated ${what} are ${wayOf(excess).replace(" way ", ` way from ${start} to ${end} `)}.`;
  if (grade === "good")
    return `The generated ${what} are as close to ${end} as other ${what} of ${end}: at most ${percent(high)} of the distance from ${start} is left.`;
  if (grade === "undecided")
    return power < leastPower
      ? `Too few ${what} to decide: even ${start} itself can hardly be told from ${end} (power ${digits(power, 2)}, needed ${leastPower}).`
      : `Too few ${what} to decide: ${way[0]?.toLowerCase()}${way.slice(1)}`;
  if (low >= 0.95) return `The generated ${what} are no closer to ${end} than ${start} is.`;
  return way;
}

function nextOf(
  grade: Grade,
  { isOff, isCut, deciding, n_held_out, what, commands, direction, start, end }: Advised,
): string {
  if (!commands) return "";
  if (grade === "good") return `Use it: ${commands.sample} direction=${direction}`;
  const longer = `Train for longer: ${commands.longer}`;
  if (isOff && grade !== "undecided") return longer;
  if (isCut) return `Evaluate all held-out ${what}: ${commands.measure}`;
  const factors = deciding.map(rowsFactor);
  const needed = n_held_out.map((n) => roundedUp(n * Math.max(...(factors as number[]))));
  const more = factors.includes(null)
    ? `More ${what} help only if ${start} and ${end} differ: these cannot be told apart.`
    : `Give more ${what}: about ${digits(Math.max(...needed))} held-out ${what} of each dataset would ${grade === "partial" ? "show whether it is good" : "decide it"}.`;
  return isOff ? `${more} ${longer}` : more;
}

/** The factor of rows that decides, or null if no number does. */
function rowsFactor(row: MetricRow): number | null {
  const { excess } = row;
  if (!excess) return 1;
  const { value, high, power, more } = excess;
  if (power < leastPower) return more;
  // The interval of squared distances falls as 1/n. A metric that is off can only become partial.
  const part = judge(row).isOff ? (high - value) / (far - value) : Math.min(1, high) / markOf(row);
  return Math.max(1, part ** 2);
}

function roundedUp(n: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(n)) - 1);
  return Math.ceil(n / unit) * unit;
}

const endpointRows = (rows: readonly MetricRow[], direction: MetricRow["direction"]) =>
  rows.filter((row) => row.group === "endpoints" && row.direction === direction);

const mainNames = ["feature_distance", "sliced_w2"];

/**
 * The main metric of a direction: the distance of features for images, else the sliced distance.
 */
export function mainMetric(
  rows: readonly MetricRow[],
  direction: MetricRow["direction"],
): MetricRow | undefined {
  const ends = endpointRows(rows, direction);
  return mainNames.flatMap((name) => ends.find((row) => row.name === name) ?? [])[0];
}

// The verdict of each direction with its evidence and the next steps.

const margin = 12;
const height = 16;

/** Returns null for a metric without a floor or a ceiling. */
export function bar(row: MetricRow, width = 130): Html | null {
  const { left } = judge(row);
  const { interval, floor, floor_interval, ceiling, better, excess } = row;
  if (left === null || !Number.isFinite(left) || better === "target") return null;
  const at = (share: number) =>
    Math.min(width, Math.max(0, margin + share * (width - 2 * margin))).toFixed(1);
  const shareOf = (x: number) => (x - Number(floor)) / (Number(ceiling) - Number(floor));
  const y = height / 2;
  const band = (kind: string, range: readonly number[] | null | undefined) =>
    range && html`<path class="${kind}" d="M${at(range[0] ?? 0)},${y}H${at(range[1] ?? 0)}"/>`;
  const ofValue = excess ? [excess.low, excess.high] : interval?.map(shareOf);
  const mark = (kind: string, share: number) =>
    html`<path class="${kind}" stroke-width="2" d="M${at(share)},2V14"/>`;
  return html`<svg class="bar" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${digits(100 * left, 2)} % from floor to ceiling">
<path class="line" stroke-width="2" d="M${at(0)},${y}H${at(1)}"/>${band("floor wide", floor_interval?.map(shareOf))}${mark("floor", 0)}${mark("ceiling", 1)}${band("value band", ofValue)}<circle class="value" cx="${at(excess?.value ?? left)}" cy="${y}" r="3.5"/></svg>`;
}

/** Exact distances to held-out times. */
const leftOutRows = (rows: readonly MetricRow[]): MetricRow[] =>
  rows.filter(({ name }) => /^(loo|holdout)_(a|b|nearest)_w1$/.test(name));

/** One for each held-out time, with the bridge's distance and the distances without a bridge. */
export function leftOutSentences(rows: readonly MetricRow[]): string[] {
  const distances = leftOutRows(rows);
  const times = [...new Set(distances.map(({ at }) => at))];
  return times.flatMap((at) => {
    const here = distances.filter((row) => row.at === at);
    const nearest = here.find(({ name }) => name.endsWith("_nearest_w1"));
    const bridges = here.filter((row) => row !== nearest && row.ceiling !== null);
    const [first] = bridges;
    if (!first || !nearest) return [];
    const values = bridges.map(({ value, interval }) => {
      const range = interval ? ` (${interval.map((x) => digits(x)).join(" to ")})` : "";
      return `${digits(value)}${range}`;
    });
    const high = Math.max(...bridges.map(({ interval, value }) => interval?.[1] ?? value));
    const others = [
      ["straight lines between its neighbours", first.ceiling!],
      ["the nearest time copied", nearest.value],
    ] as const;
    const missed = others.filter(([, value]) => high >= value).map(([words]) => words);
    const finding =
      missed.length === 0
        ? "The bridge is better than both."
        : `The bridge is no better than ${missed.join(" and ")}.`;
    const comparison = others.map(([words, value]) => `${words} ${digits(value)}`).join(", ");
    return [
      `Without ${at}: 1-Wasserstein ${values.join(" and ")}, floor ${digits(first.floor)}, ${comparison}. ${finding}`,
    ];
  });
}

export interface Names {
  source: string;
  target: string;
}

/** Names that tell source and target apart. */
export const distinctNames = ({ source, target }: Names): Names =>
  source === target
    ? { source: `${source} (source)`, target: `${target} (target)` }
    : { source, target };

/**
 * Short names of source and target: files, or groups of one file. Returns null without a target.
 */
export function endNames({ source, target }: DataFile): Names | null {
  const name = ({ path, group }: EndpointData) => group ?? basename(path);
  return target ? { source: name(source), target: name(target) } : null;
}

/** A run without evaluation, or of an earlier version, has no verdicts: it says how to get them. */
export function verdictParts(quality: Quality | null, names: Names, folder: string): Html[] {
  const { rows = [], verdicts = [] } = quality ?? {};
  if (verdicts.length === 0)
    return [
      html`<p class="verdict undecided"><b>Not judged yet.</b> To judge it: <code>npx dsbm evaluate ${shellWord(folder)}</code></p>`,
    ];
  const parts = verdicts.map((verdict) => {
    const { direction, grade, reason, next } = verdict;
    const directionRows = rows.filter((row) => row.direction === direction);
    const main = mainMetric(rows, direction);
    const notes = leftOutSentences(directionRows);
    return html`<div class="verdict ${grade}"><p><b>${verdictTitle(verdict, names)}</b> ${reason}</p>
${main && bar(main, 320)}<p>${nextStep(next)}</p>
${notes.length > 0 && html`<p class="note">${notes}</p>`}
${leftOutRows(directionRows).map((row) => row.ceiling !== null && html`<p class="note">${row.title} ${bar(row, 320)}</p>`)}</div>`;
  });
  return [
    ...parts,
    html`<p class="note">Each bar goes from the score of real data (floor, green) to the score without a bridge (ceiling, brown). The dot is this bridge, with its interval.</p>`,
  ];
}

function nextStep(next: string): Html {
  const [, words, command] = /^(.*?: )?(npx .*)$/.exec(next) ?? [];
  return command ? html`${words}<code>${command}</code>` : html`${next}`;
}

/** Grades as tables print them. */
export const gradeWords = {
  good: "good",
  partial: "most of the way",
  undecided: "cannot be judged",
  poor: "poor",
} as const;

/** "Forward, from A to B: good." */
export function verdictTitle({ direction, grade }: Verdict, names: Names): string {
  const { source, target } = distinctNames(names);
  const way =
    direction === "f"
      ? `Forward, from ${source} to ${target}`
      : `Backward, from ${target} to ${source}`;
  return `${way}: ${gradeWords[grade]}.`;
}
