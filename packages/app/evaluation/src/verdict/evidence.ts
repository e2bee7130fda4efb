// What a verdict rests on: facts about the data, and the rows that decide.
import type { Datasets } from "@dsbm/datasets";
import {
  type Grade,
  grades,
  type MetricRow,
  type NextStep,
  type Verdict,
  worstFirst,
} from "@dsbm/runs";
import { judge, leastPower } from "./grade.js";

/** The noun for the samples of datasets. */
export const samplesName = ({
  shape,
  channels,
}: Pick<Datasets, "shape"> & Partial<Pick<Datasets, "channels">>): string =>
  shape.length === 1 ? "rows" : channels ? "fields" : "images";

/** Additional facts for a verdict. */
export interface VerdictFacts {
  /** The user's names of the two datasets. */
  names: { source: string; target: string };
  /** "rows", "images" or "fields" */
  what: string;
  /** Held-out rows of source and target, and all rows of both. */
  n_held_out: readonly [number, number];
  /** Commands that train for longer, generate samples, and measure again (default: no next step). */
  commands?: Readonly<Record<"longer" | "sample" | "measure", string>> & {
    /** Of a closed form, which trains no longer: trains a network. */
    network?: string | null;
  };
  /** A command that also rounds the columns of whole numbers, with its reason; missing if values are rounded already. */
  rounding?: NextStep | null;
  /** A command that also keeps these columns in the range of the data, with its reason. */
  ranging?: (columns: readonly string[]) => NextStep | null;
  /** A command that trains on a scale without far values, with its reason; missing if there is none. */
  rescaling?: NextStep | null;
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
  /** The distance that counts. */
  main: MetricRow;
  /** The classifier's accuracy. */
  accuracy: MetricRow;
  /** Other metrics whose intervals exclude "good". */
  others: readonly MetricRow[];
  /** The row that has the grade of the verdict: of the distance, the classifier or the worst other metric. */
  deciding: MetricRow;
  /** Whether the interval of any metric excludes "good". */
  isOff: boolean;
  /** Columns with many generated values outside the range of the data. */
  openColumns: readonly string[];
  /** The main metric if another distance decides in its place, because far values hide the difference from it; else null. */
  blinded: MetricRow | null;
}

const worstGrade = (list: readonly Grade[]): Grade =>
  grades[Math.max(...list.map((grade) => grades.indexOf(grade)))];

/** The evidence of a direction, from graded rows. Returns null without a distance or a classifier. */
export function evidenceOf(
  direction: Verdict["direction"],
  rows: readonly MetricRow[],
): Evidence | null {
  const ends = rows.filter((row) => row.group === "endpoints" && row.direction === direction);
  const usual = mainMetric(ends);
  const main = strongestMetric(usual, ends);
  const accuracy = ends.find(({ role }) => role === "classifier");
  if (!main?.excess || !accuracy) return null;
  const needed = [main, accuracy];
  // The middle belongs to both directions.
  const further = [...ends, ...rows.filter(({ group }) => group === "middle")];
  const others = further.filter((row) => !needed.includes(row) && judge(row).isOff);
  const grade = worstGrade([
    ...needed.map((row) => judge(row).grade ?? "undecided"),
    others.length > 0 ? "partial" : "good",
  ]);
  const isOff = others.length > 0 || needed.some((row) => judge(row).isOff);
  const deciding =
    needed.find((row) => judge(row).grade === grade) ?? worstFirst(others)[0] ?? main;
  const blinded = usual && usual !== main && usual.excess?.more === null ? usual : null;
  const openColumns = ends.flatMap(({ open_columns }) => open_columns ?? []);
  return { direction, grade, main, accuracy, others, deciding, isOff, openColumns, blinded };
}

/** The main metric, or an alternative with more power if the main metric cannot tell source from target. */
function strongestMetric(
  main: MetricRow | undefined,
  ends: readonly MetricRow[],
): MetricRow | undefined {
  const power = (row: MetricRow) => row.excess?.power ?? 0;
  if (!main?.excess || power(main) >= leastPower) return main;
  const [strongest = main] = ends
    .filter((row) => row.role === "alternative" && power(row) >= leastPower)
    .sort((a, b) => power(b) - power(a));
  return strongest;
}

/** The main metric: the distance of features for images, else the sliced distance. */
const mainMetric = (ends: readonly MetricRow[]): MetricRow | undefined =>
  ends.find(({ role }) => role === "main") ?? ends.find(({ role }) => role === "substitute");
