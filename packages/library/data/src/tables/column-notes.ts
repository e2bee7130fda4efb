// What to say of a column of numbers before training on it.
import { setting } from "../errors.js";
import type { TableFacts } from "./facts.js";
import type { ColumnTransform } from "./units/column-transform.js";
import type { ColumnBounds, Limits } from "./units/limits.js";

/** A normal distribution of 100,000 rows spans 9. */
const outlying = 15;

/** The range of whole numbers that may be classes. */
const fewValues = 10;

/** id, patient_id, PatientID, sampleId, but not "humid". */
const idName = /(^|[^\p{L}])[iI][dD]$|\p{Ll}(Id|ID)$/u;

/** wind_dir, Bearing, heading, phase angle, but not "director". */
const angleName =
  /(^|[^\p{L}])(dir|direction|bearing|heading|azimuth|aspect|angle|phase|longitude|lon|lng)($|[^\p{L}])/iu;
/** Full turns, with the zero at an end or in the middle. */
const turns = [
  { low: 0, high: 360 },
  { low: -180, high: 180 },
  { low: 0, high: 2 * Math.PI },
  { low: -Math.PI, high: Math.PI },
];

/** What to say of a column of angles from `low` to `high`, whose ends are one place. */
function angleNotes(name: string, low: number, high: number): string[] {
  const isTurn = turns.some((turn) => {
    const width = turn.high - turn.low;
    const slack = 1e-3 * width;
    return low >= turn.low - slack && high <= turn.high + slack && high - low > 0.9 * width;
  });
  return angleName.test(name) && isTurn
    ? [
        `has the name and the range of an angle: ${round(low)} and ${round(high)} are far apart here; give its sine and cosine as two columns instead`,
      ]
    : [];
}

/** Four digits. */
export const round = (x: number) => Number(x.toPrecision(4));

/** How columns are scaled and limited. */
interface ColumnScales {
  transform: ColumnTransform;
  bounds: ColumnBounds;
  /** The limits of generated values; null: none. */
  limits: Limits | null;
}

/** Notes about column k of the source and the target. */
export function columnNotes(
  k: number,
  datasets: readonly TableFacts[],
  { transform, bounds, limits }: ColumnScales,
): string[] {
  const name = datasets[0]?.columns[k];
  const a = bounds.source[k];
  const b = bounds.target?.[k] ?? a;
  const exclude = setting("data.exclude", [name]);
  if (transform.std[k] === 0)
    return [
      `constant (${round(a.min)}) in source and target: the bridge keeps its value; ${exclude} leaves it out`,
    ];
  const { min: low, max: high } = bounds.all[k];
  const notes: string[] = [];
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (bounds.whole[k] && largest > Number.MAX_SAFE_INTEGER && largest < 2 ** 64)
    notes.push(
      `has whole numbers above 2^53, of which the last digits are rounded: ${exclude} leaves it out, ${setting("data.keep", [name])} keeps all digits`,
    );
  if (datasets.every(({ counters }) => counters.includes(name)))
    notes.push(`rises with each row, as row numbers do: ${asideCure(name)}`);
  else if (bounds.whole[k] && idName.test(name))
    notes.push(`has whole numbers and the name of an id, not of a quantity: ${asideCure(name)}`);
  notes.push(...angleNotes(name, low, high));
  const isFew = bounds.whole[k] && high - low < fewValues;
  notes.push(
    ...(isFew
      ? [
          `few values: ${betweenCure(name, limits?.whole[k])}; ${setting("data.categories", [name])} trains on a level for each value`,
        ]
      : spreadNotes(k, datasets, { transform, low, isRounded: limits?.whole[k] })),
  );
  if (a.min > b.max || b.min > a.max)
    notes.push(
      `source and target do not overlap: ${round(a.min)} to ${round(a.max)} and ${round(b.min)} to ${round(b.max)}`,
    );
  return notes;
}

/** What to do with values between the few of a column. */
const betweenCure = (name: string, isRounded = false): string =>
  `generated values ${isRounded ? "are rounded" : `lie between; ${setting("data.integer", [name])} rounds them`}`;

/** Notes about heavy tails, and about a value that most rows have. */
function spreadNotes(
  k: number,
  datasets: readonly TableFacts[],
  { transform, low, isRounded }: { transform: ColumnTransform; low: number; isRounded?: boolean },
): string[] {
  const [{ columns }] = datasets;
  const notes: string[] = [];
  const widths = datasets.map(
    ({ range, moments }) => (range.max[k] - range.min[k]) / Math.sqrt(moments.variance[k]),
  );
  const isConcentrated = datasets.some(({ spread }) => spread[k] === 0);
  const hasTwoValues = datasets.some(({ width }) => width[k] === 0);
  if (hasTwoValues)
    notes.push(`almost constant (most rows have one value): ${betweenCure(columns[k], isRounded)}`);
  else if (isConcentrated)
    notes.push(
      `most rows have one value: ${isRounded ? "generated values are rounded" : "generated values lie near it, not at it"}`,
    );
  if (!hasTwoValues && widths.some((width) => width > outlying))
    notes.push(
      `heavy tails (${widths.map(round).join(" and ")} standard deviations wide, a normal distribution less than 10)${tailCure(transform, low)}`,
    );
  return notes;
}

/** What to do with a column that names rows. */
const asideCure = (name: string): string =>
  `${setting("data.exclude", [name])} leaves it out, ${setting("data.keep", [name])} carries it along`;

/** What helps against the heavy tails of a column from `low` on. */
function tailCure({ log1p, standardise }: ColumnTransform, low: number): string {
  if (standardise === "robust") return ": far values are drawn in (data.standardise=robust)";
  const mayLog = !log1p && low >= 0;
  return `: data.standardise=robust${mayLog ? " or data.log1p=true" : ""} may help`;
}
