// What a verdict rests on: facts about the data, and the rows that decide.
import { type Grade, grades, type MetricRow, type NextStep, type Verdict } from "@dsbm/runs";
import { judge, leastPower } from "./grade.js";

/** Additional facts for a verdict. */
export interface VerdictFacts {
  /** The user's names of the two datasets. */
  names: { source: string; target: string };
  /** "rows" or "images" */
  what: string;
  /** Held-out rows of source and target, and all rows of both. */
  n_held_out: readonly [number, number];
  /** Commands that train for longer, generate samples, and measure again (default: no next step). */
  commands?: Readonly<Record<"longer" | "sample" | "measure", string>>;
  /** A command that also rounds the columns of whole numbers, with its reason; missing if values are rounded already. */
  rounding?: NextStep | null;
  /** Whether the time allowed fewer rows than were held out. */
  isCut?: boolean;
  /** Whether the time was up before all metrics were measured. */
  isLate?: boolean;
  /** Parts of a cross-validation. */
  folds?: number;
}

/** What a verdict rests on. */
export interface Evidence {
  direction: Verdict["direction"];
  grade: Grade;
  /** The distance that decides. */
  main: MetricRow;
  /** The classifier's accuracy. */
  accuracy: MetricRow;
  /** Other metrics whose intervals exclude "good". */
  others: readonly MetricRow[];
  /** Whether the interval of any metric excludes "good". */
  isOff: boolean;
  /** A further distance that tells the untransported source from the target; null: none. */
  strongest: MetricRow | null;
}

const worstGrade = (list: readonly Grade[]): Grade =>
  grades[Math.max(...list.map((grade) => grades.indexOf(grade)))];

/** The evidence of a direction, from graded rows. Returns null without a distance or a classifier. */
export function evidenceOf(
  direction: Verdict["direction"],
  rows: readonly MetricRow[],
): Evidence | null {
  const ends = rows.filter((row) => row.group === "endpoints" && row.direction === direction);
  const main = mainMetric(ends);
  const accuracy = ends.find(({ role }) => role === "classifier");
  if (!main?.excess || !accuracy) return null;
  const deciding = [main, accuracy];
  // The middle belongs to both directions.
  const further = [...ends, ...rows.filter(({ group }) => group === "middle")];
  const others = further.filter((row) => !deciding.includes(row) && judge(row).isOff);
  const grade = worstGrade([
    ...deciding.map((row) => judge(row).grade ?? "undecided"),
    others.length > 0 ? "partial" : "good",
  ]);
  const isOff = others.length > 0 || deciding.some((row) => judge(row).isOff);
  const power = (row: MetricRow) => row.excess?.power ?? 0;
  const [strongest = null] = ends
    .filter((row) => row.role !== "classifier" && power(row) >= leastPower)
    .sort((a, b) => power(b) - power(a));
  return { direction, grade, main, accuracy, others, isOff, strongest };
}

/** The main metric: the distance of features for images, else the sliced distance. */
const mainMetric = (ends: readonly MetricRow[]): MetricRow | undefined =>
  ends.find(({ role }) => role === "main") ?? ends.find(({ role }) => role === "substitute");
