// What a user should know of two tables: each warning says what was found and by what rule.
import type { TableFacts } from "../facts.js";
import type { ColumnTransform } from "../transform.js";
import type { ColumnSample } from "./columns.js";

/** The range of the middle 99 % in interquartile ranges: 3.8 of a normal distribution, 6.6 of a Laplace distribution. */
const heavy = 8;
/** The same of the whole range. */
const outlying = 100;
/** Values that look like classes. */
const few = 10;
/** The share of one value that makes a column almost constant. */
const almost = 0.95;

const rounded = (x: number) => Number(x.toPrecision(4));
const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;

interface Looked {
  source: TableFacts;
  target: TableFacts;
  samples: readonly [ColumnSample[], ColumnSample[]];
  transform: ColumnTransform;
}

/** What is to be said of a column. */
export function columnNotes(k: number, { source, target, samples, transform }: Looked): string[] {
  const [a, b] = [samples[0][k] as ColumnSample, samples[1][k] as ColumnSample];
  const name = source.columns[k] as string;
  if (transform.std[k] === 0)
    return [
      `constant (${rounded(a.median)}) at both ends: it says nothing, and keeps its value; data.exclude=${name} leaves it out`,
    ];
  const ends = [
    ["source", a],
    ["target", b],
  ] as const;
  const notes: string[] = [];
  const twin = source.digests.findIndex(
    (digest, i) => i < k && digest === source.digests[k] && target.digests[i] === target.digests[k],
  );
  if (twin >= 0)
    notes.push(`equal to column ${source.columns[twin]}: data.exclude=${name} leaves it out`);
  if (source.counters.includes(name) && target.counters.includes(name))
    notes.push(
      `counts the rows: data.exclude=${name} leaves it out, data.keep=${name} carries it along`,
    );
  const still = ends.filter(([, { most }]) => most >= almost);
  if (still.length > 0)
    notes.push(
      `almost constant: ${still.map(([end, { most }]) => `${percent(most)} of the ${end}`).join(", ")} have one value`,
    );
  else if (a.distinct <= few && b.distinct <= few)
    notes.push(
      `${Math.max(a.distinct, b.distinct)} different values: a bridge makes values between them; for classes write data.condition=${name}`,
    );
  else {
    const tails = ends.filter(([, x]) => isHeavy(x));
    if (tails.length > 0)
      notes.push(
        `heavy tails (${tails.map(([end, x]) => `${end}: the middle 99 % spans ${rounded((x.q995 - x.q005) / (x.q75 - x.q25))}, the whole ${rounded((x.max - x.min) / (x.q75 - x.q25))} interquartile ranges`).join("; ")}; a normal distribution's 3.8)${!transform.log1p && Math.min(a.min, b.min) >= 0 ? ": data.log1p=true may help" : ""}`,
      );
  }
  if (a.min > b.max || b.min > a.max)
    notes.push(
      `the ends do not overlap: ${rounded(a.min)} to ${rounded(a.max)} and ${rounded(b.min)} to ${rounded(b.max)}`,
    );
  return notes;
}

function isHeavy({ min, max, q005, q25, q75, q995 }: ColumnSample): boolean {
  const iqr = q75 - q25;
  return iqr > 0 && (q995 - q005 > heavy * iqr || max - min > outlying * iqr);
}

/** What is to be said of the rows of a table. */
export function rowWarnings({ path, dropped, rows, train, columns }: TableFacts): string[] {
  const enough = Math.max(200, 10 * columns.length);
  return [
    dropped > 0 && `${path}: ${dropped} of ${rows} rows have missing values and were left out`,
    train < enough &&
      `few rows: ${path} has ${train} to train on, expected ${enough} or more for ${columns.length} columns`,
  ].filter((line) => line !== false);
}

/** What is to be said of two tables together. */
export function pairWarnings(source: TableFacts, target: TableFacts): string[] {
  const warnings: string[] = [];
  const [small, large] = [source, target].sort((a, b) => a.train - b.train) as [
    TableFacts,
    TableFacts,
  ];
  if (large.train > 10 * small.train)
    warnings.push(
      `very unequal sizes: ${large.path} has ${large.train} rows to train on, ${small.path} ${small.train}`,
    );
  const shared = sharedRows(source, target);
  if (shared > 0)
    warnings.push(
      `${shared} rows of the source are in the target too${source.rowDigests.every * target.rowDigests.every > 1 ? " (estimated from a part of the rows)" : ""}`,
    );
  return warnings;
}

/** How many rows of the source are rows of the target, from their digests. */
function sharedRows(source: TableFacts, target: TableFacts): number {
  const every = Math.max(source.rowDigests.every, target.rowDigests.every);
  const others = new Set(target.rowDigests.values);
  const shared = source.rowDigests.values.filter((x) => x % every === 0 && others.has(x));
  return shared.length * every;
}
