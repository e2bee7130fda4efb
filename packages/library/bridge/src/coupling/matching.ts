import { createHash } from "node:crypto";
import { type Device, type Generator, rand, type Tensor, tidy } from "@dsbm/torch";
import { rowIndex } from "../core/batch.js";
import { type Conditions, conditionRows, type EndpointConditions } from "../core/conditions.js";
import { dataError } from "../core/errors.js";

/** Draws rows of x1 with the same conditions as rows of x0. */
export interface Matching {
  /** The rows of x0 that have partners, in order. */
  readonly rows: Int32Array;
  /**
   * The rows at these positions of `rows`, int64 [k], and a uniform partner for each. The generator
   * is on the device of the positions. Also marks known pairs, float32 [k].
   */
  partners(positions: Tensor, generator: Generator): RowPairs;
  /** Whether some pairs are known. */
  readonly known?: true;
}

/** Row pairs of the two tables, int64 [k], and a mark of known pairs, float32 [k]. */
export interface RowPairs {
  /** Rows of the source. */
  x0: Tensor;
  /** Rows of the target. */
  x1: Tensor;
  /** 1 for a known pair. */
  known?: Tensor;
}

const rowsPerRead = 64;

function fingerprints(conditions: Conditions): string[] {
  const tables = conditionRows(conditions);
  const n = tables[0].size(0);
  const texts: string[] = [];
  for (let from = 0; from < n; from += rowsPerRead) {
    const count = Math.min(rowsPerRead, n - from);
    const parts = tidy(() =>
      tables.map((t) => {
        // −0 is 0.
        const some = t.narrow(0, from, count).to({ device: "cpu" });
        const values = (some.dtype === "int64" ? some : some.add(0)).toArray();
        return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      }),
    );
    for (let i = 0; i < count; i++) {
      const hash = createHash("sha1");
      for (const bytes of parts) {
        const size = bytes.length / count;
        hash.update(bytes.subarray(i * size, (i + 1) * size));
      }
      texts.push(hash.digest("base64"));
    }
  }
  return texts;
}

function placesByConditions(conditions: Conditions): Map<string, number[]> {
  const places = new Map<string, number[]>();
  fingerprints(conditions).forEach((text, i) => {
    const members = places.get(text);
    if (members) members.push(i);
    else places.set(text, [i]);
  });
  return places;
}

/**
 * Row groups with bitwise equal conditions. If the condition is one number, rare values are grouped with their
 * neighbours, a fiftieth of the rows at once.
 */
export function groupsByConditions(conditions: Conditions): number[][] {
  const groups = [...placesByConditions(conditions).values()];
  if (!isNumber(conditions)) return groups;
  const many = groups.filter((rows) => rows.length >= leastPartners);
  const few = groups.filter((rows) => rows.length < leastPartners).flat();
  const values = conditions.cond.toNumbers();
  const intervals = conditions.interval && numbersOf(conditions.interval);
  const blocks = intervalNumbers(conditions).flatMap((interval) => {
    const members = few.filter((i) => interval === undefined || intervals?.[i] === interval);
    members.sort((i, j) => values[i] - values[j] || i - j);
    const count = Math.max(1, Math.floor(members.length / partnersOf(members.length)));
    return Array.from({ length: count }, (_, k) => {
      const [from, to] = [k, k + 1].map((at) => Math.round((at * members.length) / count));
      return members.slice(from, to);
    });
  });
  return [...many, ...blocks.filter((rows) => rows.length > 0)];
}

/** Caches matchings: a problem's tables do not change. */
function cacheMatchings(
  make: (conditions: EndpointConditions | undefined) => Matching,
): typeof make {
  const known = new WeakMap<EndpointConditions, Matching>();
  return (conditions) => {
    const matching = (conditions && known.get(conditions)) ?? make(conditions);
    if (conditions) known.set(conditions, matching);
    return matching;
  };
}

/**
 * Pairs that are independent given their conditions, π0(x0 | c) π1(x1 | c): x0 as drawn, x1 uniform among rows with the
 * same condition (or with the closest, if it is one number [n, 1]). Rows without a partner are dropped.
 * @throws {BridgeError} unless both tables have conditions and share some.
 */
export const matchConditions = cacheMatchings((conditions) => {
  const { rows, choose } = conditionPartners(conditions);
  if (rows.length === 0)
    throw dataError(
      "pairs are to share their conditions, but no condition of the source is one of the target (a number: lies in the range of the target's): use data with common conditions, or write match_conditions=false",
    );
  return {
    rows,
    partners: (positions, generator) =>
      tidy(() => {
        const at = positions.toNumbers();
        const { device } = positions;
        const chances = drawChances(at.length, generator, device);
        const right = at.map((position, i) => choose(position, chances[i]));
        const left = at.map((position) => rows[position]);
        return { x0: rowIndex(left, device), x1: rowIndex(right, device) };
      }),
  };
});

/** n uniform numbers in [0, 1), drawn on the device of the generator. */
export const drawChances = (n: number, generator: Generator, device: Device): Float64Array =>
  rand([n], { generator, device, dtype: "float64" }).toArray() as Float64Array;

/** The intervals of rows, without other conditions. */
export function intervalConditions(conditions: EndpointConditions | undefined): EndpointConditions {
  const only = (c: Conditions | undefined) => c && { interval: c.interval };
  return { x0: only(conditions?.x0), x1: only(conditions?.x1) };
}

/** `matchConditions` by intervals alone. */
export const matchIntervals = cacheMatchings((conditions) =>
  matchConditions(intervalConditions(conditions)),
);

interface Partners {
  rows: Int32Array;
  choose(position: number, chance: number): number;
}

/**
 * Finds partners with the same conditions, or with close ones if they are numbers.
 * @throws {BridgeError} if a dataset has no conditions, or conditions of other kinds
 */
export function conditionPartners(conditions: EndpointConditions | undefined): Partners {
  const missing = (["x0", "x1"] as const).find((end) => !conditions?.[end]);
  if (!conditions?.x0 || !conditions.x1)
    throw dataError(
      `pairs are to share their conditions, but ${missing} has none of its own; give both datasets conditions, or do not match them`,
    );
  const { x0, x1 } = conditions;
  return isNumber(x0) && isNumber(x1) ? byNearness({ x0, x1 }) : byEquality({ x0, x1 });
}

/** Conditions of one number a row, cond [B, 1]. */
type NumberConditions = Conditions & { cond: Tensor };

const isNumber = (conditions: Conditions): conditions is NumberConditions =>
  conditions.y === undefined && conditions.cond?.ndim === 2 && conditions.cond.size(1) === 1;

function byNearness({ x0, x1 }: Record<"x0" | "x1", NumberConditions>): Partners {
  const groups = intervalNumbers(x0).map((interval) => {
    const within = (c: NumberConditions) => rowsOf(c, interval);
    const group = within(x0);
    const others = within(x1);
    const near = nearPartners(group.cond, others.cond);
    return {
      rows: near.rows.map((i) => group.rows?.[i] ?? i),
      partner: (position: number, chance: number) => {
        const at = near.first[position] + Math.floor(chance * near.count);
        const i = near.order[at];
        return others.rows?.[i] ?? i;
      },
    };
  });
  const starts = groups.map((_, k) =>
    groups.slice(0, k).reduce((sum, g) => sum + g.rows.length, 0),
  );
  return {
    rows: Int32Array.from(groups.flatMap(({ rows }) => [...rows])),
    choose(position, chance) {
      const k = starts.findLastIndex((start) => position >= start);
      return groups[k].partner(position - starts[k], chance);
    },
  };
}

const numbersOf = (interval: Tensor): number[] =>
  Array.from(interval.to({ device: "cpu" }).toArray() as BigInt64Array, Number);

function intervalNumbers({ interval }: Conditions): (number | undefined)[] {
  return interval ? [...new Set(numbersOf(interval))].toSorted((a, b) => a - b) : [undefined];
}

function rowsOf({ cond, interval }: NumberConditions, index: number | undefined) {
  if (!interval || index === undefined) return { cond, rows: null };
  const rows = numbersOf(interval).flatMap((k, i) => (k === index ? [i] : []));
  return { cond: cond.indexSelect(0, rowIndex(rows, cond.device)), rows };
}

function byEquality({ x0, x1 }: Record<"x0" | "x1", Conditions>): Partners {
  const members = placesByConditions(x1);
  const rows: number[] = [];
  const choices: number[][] = [];
  fingerprints(x0).forEach((text, row) => {
    const group = members.get(text);
    if (!group) return;
    rows.push(row);
    choices.push(group);
  });
  return {
    rows: Int32Array.from(rows),
    choose(position, chance) {
      const among = choices[position];
      return among[Math.floor(chance * among.length)];
    },
  };
}

/** Each row's partners are a range of x1's rows in the order of their conditions. */
interface NearPartners {
  /** The rows of x0 within the range of x1's conditions. */
  rows: Int32Array;
  order: Int32Array;
  first: Int32Array;
  count: number;
}

const leastPartners = 8;

/** A fiftieth of the rows, 8 to 256: enough to choose from, and still similar. */
const partnersOf = (n: number): number =>
  Math.min(n, Math.max(leastPartners, Math.min(Math.ceil(n / 50), 256)));

function nearPartners(x0: Tensor, x1: Tensor): NearPartners {
  const valuesOf = (t: Tensor) =>
    Float64Array.from(t.flatten().to("float64").toArray() as Float64Array);
  const starts = valuesOf(x0);
  const ends = valuesOf(x1);
  const order = Int32Array.from(ends.keys()).sort((i, j) => ends[i] - ends[j]);
  const sorted = Float64Array.from(order, (i) => ends[i]);
  const count = partnersOf(sorted.length);
  const low = sorted[0];
  const high = sorted.at(-1)!;
  const rows = Int32Array.from(starts.keys()).filter((i) => {
    const value = starts[i];
    return value >= low && value <= high;
  });
  const first = rows.map((i) => {
    const value = starts[i];
    let a = 0;
    let b = sorted.length - count;
    // Binary search for the window [a, a + count) of the closest values.
    while (a < b) {
      const middle = (a + b) >> 1;
      if (value - sorted[middle] > sorted[middle + count] - value) a = middle + 1;
      else b = middle;
    }
    return a;
  });
  return { rows, order, first, count };
}
