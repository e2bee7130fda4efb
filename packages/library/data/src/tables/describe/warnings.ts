import { firstOf, setting } from "../../names.js";
import type { TableFacts } from "../facts.js";
import type { ColumnTransform } from "../units.js";
import type { ColumnSample } from "./columns.js";

const heavy = 8;
const outlying = 100;
const few = 10;
const almost = 0.95;

const round = (x: number) => Number(x.toPrecision(4));
const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;

interface Ends {
  facts: readonly TableFacts[];
  samples: readonly (readonly ColumnSample[])[];
  transform: ColumnTransform;
}

export function columnNotes(k: number, { facts, samples, transform }: Ends): string[] {
  const source = facts[0] as TableFacts;
  const a = samples[0]?.[k] as ColumnSample;
  const b = samples.at(-1)?.[k] as ColumnSample;
  const name = source.columns[k] as string;
  if (transform.std[k] === 0)
    return [
      `constant (${round(a.median)}) in source and target: the bridge keeps its value; ${setting("data.exclude", [name])} leaves it out`,
    ];
  const notes: string[] = [];
  if (facts.every(({ counters }) => counters.includes(name)))
    notes.push(
      `counts the rows: ${setting("data.exclude", [name])} leaves it out, ${setting("data.keep", [name])} carries it along`,
    );
  const note = distributionNote(name, a, b, transform);
  if (note !== null) notes.push(note);
  if (a.min > b.max || b.min > a.max)
    notes.push(
      `source and target do not overlap: ${round(a.min)} to ${round(a.max)} and ${round(b.min)} to ${round(b.max)}`,
    );
  return notes;
}

function distributionNote(
  name: string,
  a: ColumnSample,
  b: ColumnSample,
  { log1p }: ColumnTransform,
): string | null {
  const ends = [
    { end: "source", sample: a },
    { end: "target", sample: b },
  ];
  const still = ends.filter(({ sample }) => sample.most >= almost);
  if (still.length > 0)
    return `almost constant: ${still.map(({ end, sample }) => `${percent(sample.most)} of the ${end}`).join(", ")} have one value`;
  const distinct = Math.max(a.distinct, b.distinct);
  if (distinct <= few)
    return `${distinct} different values: a bridge makes values between them; for classes write ${setting("data.classes", [name])}`;
  const tails = ends
    .filter(({ sample }) => isHeavy(sample))
    .map(({ end, sample: { min, max, q005, q25, q75, q995 } }) => {
      const iqr = q75 - q25;
      return `${end}: the middle 99 % spans ${round((q995 - q005) / iqr)}, the whole ${round((max - min) / iqr)} interquartile ranges`;
    });
  if (tails.length === 0) return null;
  const cure = !log1p && Math.min(a.min, b.min) >= 0 ? ": data.log1p=true may help" : "";
  return `heavy tails (${tails.join("; ")}; a normal distribution's 3.8)${cure}`;
}

function isHeavy({ min, max, q005, q25, q75, q995 }: ColumnSample): boolean {
  const iqr = q75 - q25;
  return iqr > 0 && (q995 - q005 > heavy * iqr || max - min > outlying * iqr);
}

export function rowWarnings({ path, dropped, rows, train, columns }: TableFacts): string[] {
  const enough = Math.max(200, 10 * columns.length);
  const lines: string[] = [];
  if (dropped > 0) lines.push(`${path}: dropped ${dropped} of ${rows} rows with missing values`);
  if (train < enough)
    lines.push(
      `few rows: ${path} has ${train} to train on, expected ${enough} or more for ${columns.length} columns`,
    );
  return lines;
}

export function pairWarnings(source: TableFacts, target: TableFacts): string[] {
  const lines: string[] = [];
  const [small, large] = source.train < target.train ? [source, target] : [target, source];
  if (large.train > 10 * small.train)
    lines.push(
      `very unequal sizes: ${large.path} has ${large.train} rows to train on, ${small.path} ${small.train}`,
    );
  return [...lines, ...conditionWarnings(source, target), ...conditionWarnings(target, source)];
}

/** Values of the condition in one dataset only: these rows have no partners. */
function conditionWarnings(
  { condition, group, path }: TableFacts,
  { condition: other }: TableFacts,
): string[] {
  if (!condition || !other) return [];
  const { name, classes, range } = condition;
  const place = group === null ? path : `${path} (${group})`;
  if (classes) {
    const alone = classes.filter((label) => !other.classes?.includes(label));
    return alone.length === 0
      ? []
      : [`only ${place} has ${name} ${firstOf(alone, 8)}: these rows have no partners there`];
  }
  if (range.min >= other.range.min && range.max <= other.range.max) return [];
  const span = ({ min, max }: typeof range) => `${round(min)} to ${round(max)}`;
  return [
    `${name} is ${span(range)} in ${place}, and ${span(other.range)} at the other end: rows beyond have no partners there`,
  ];
}
