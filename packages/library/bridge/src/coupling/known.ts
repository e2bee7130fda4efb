import { type Tensor, tensor, tidy, where } from "@dsbm/torch";
import { type Batch, joinBatches, type Pairs, pickRows, rowIndex } from "../core/batch.js";
import { type EndpointConditions, mapConditions } from "../core/conditions.js";
import type { Endpoint } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { dataError } from "../core/errors.js";
import type { BatchCoupling } from "./coupling.js";
import { conditionPartners, drawChances, type Matching } from "./matching.js";

/** Pair k is row `x0[k]` of one table and row `x1[k]` of the other. Each row is in at most one pair. */
export interface KnownPairs {
  /** Source rows, from 0. */
  readonly x0: Int32Array;
  /** Target rows, from 0. */
  readonly x1: Int32Array;
}

/**
 * Checks known pairs of rows.
 * @throws {BridgeError} unless both lists are equally long, not empty, and name each row of the tables at most once.
 */
export function checkPairs(pairs: KnownPairs, { x0, x1 }: Pick<Endpoints, Endpoint>): void {
  const refuse = (problem: string): never => {
    throw dataError(`pairs: ${problem}`);
  };
  const k = pairs.x0.length;
  const other = pairs.x1.length;
  if (k !== other || k === 0)
    refuse(`${k} rows of x0 and ${other} of x1; expected as many of both, and at least one`);
  for (const [end, table] of Object.entries({ x0, x1 }) as [Endpoint, Tensor][]) {
    const n = table.size(0);
    const seen = new Set<number>();
    for (const row of pairs[end]) {
      if (!(row >= 0 && row < n)) refuse(`${end} has no row ${row}; expected 0 to ${n - 1}`);
      if (seen.has(row)) refuse(`row ${row} of ${end} is in two pairs; expected each row once`);
      seen.add(row);
    }
  }
}

/**
 * A matching that keeps known pairs together. A pair weighs as much as its lighter row (1/n or 1/m), so both
 * distributions stay as they are; the heavier row's rest is coupled independently. `byCondition`: other rows share
 * their conditions, and known pairs always stay.
 */
export function matchKnown(
  data: Pick<Endpoints, Endpoint | "conditions">,
  pairs: KnownPairs,
  { byCondition = false }: { byCondition?: boolean } = {},
): Matching {
  const n = data.x0.size(0);
  const m = data.x1.size(0);
  const partnerOf = new Int32Array(n).fill(-1);
  pairs.x0.forEach((row, k) => {
    partnerOf[row] = pairs.x1[k];
  });
  const others = byCondition ? sharedConditions(data, pairs) : independentRest({ n, m, pairs });
  const stays = byCondition ? 1 : Math.min(1, n / m);
  const rows = Int32Array.from(
    Array.from(partnerOf.keys()).filter((i) => partnerOf[i] !== -1 || others.has(i)),
  );
  return {
    rows,
    known: true,
    partners: (positions, generator) =>
      tidy(() => {
        const { device } = positions;
        const n = positions.size(0);
        const keeps = drawChances(n, generator, device);
        const chances = drawChances(n, generator, device);
        const left = positions.toNumbers().map((position) => rows[position]);
        const known = left.map((row, i) => partnerOf[row] !== -1 && keeps[i] < stays);
        const right = left.map((row, i) =>
          known[i] ? partnerOf[row] : others.choose(row, chances[i]),
        );
        return {
          x0: rowIndex(left, device),
          x1: rowIndex(right, device),
          known: tensor(Float32Array.from(known, Number), { device }),
        };
      }),
  };
}

interface Rest {
  has(row: number): boolean;
  choose(row: number, chance: number): number;
}

function rowsWithoutPartner(rows: Int32Array, n: number): Int32Array {
  const inside = new Set(rows);
  return Int32Array.from({ length: n }, (_, i) => i).filter((i) => !inside.has(i));
}

/** By the weight that known pairs leave: 1/m for a row without a partner, 1/m − 1/n for another row if n > m. */
function independentRest({ n, m, pairs }: { n: number; m: number; pairs: KnownPairs }): Rest {
  const free = rowsWithoutPartner(pairs.x1, m);
  const open = free.length / m;
  const partly = pairs.x1.length * Math.max(0, 1 / m - 1 / n);
  const total = open + partly;
  const among = (rows: Int32Array, part: number) =>
    rows[Math.min(rows.length - 1, Math.floor(part * rows.length))];
  return {
    has: () => true,
    choose(_, chance) {
      const weight = chance * total;
      return partly === 0 || weight < open
        ? among(free, weight / open)
        : among(pairs.x1, (weight - open) / partly);
    },
  };
}

function sharedConditions(
  { x0, x1, conditions }: Pick<Endpoints, Endpoint | "conditions">,
  pairs: KnownPairs,
): Rest {
  const free = {
    x0: rowsWithoutPartner(pairs.x0, x0.size(0)),
    x1: rowsWithoutPartner(pairs.x1, x1.size(0)),
  };
  if (free.x0.length === 0 || free.x1.length === 0) return { has: () => false, choose: () => -1 };
  const { rows, choose } = tidy(() => {
    const some = (end: Endpoint) => {
      const values = conditions?.[end];
      const [first] = Object.values(values ?? {}) as (Tensor | undefined)[];
      const index = rowIndex(free[end], first?.device);
      return mapConditions(values, (t) => t.indexSelect(0, index));
    };
    const freeConditions: EndpointConditions = { x0: some("x0"), x1: some("x1") };
    return conditionPartners(freeConditions);
  });
  const position = new Map(Array.from(rows, (row, k) => [free.x0[row], k]));
  return {
    has: (row) => position.has(row),
    choose: (row, chance) => free.x1[choose(position.get(row)!, chance)],
  };
}

/** Takes the endpoints of known pairs from `pairs`, all others from `made`. */
export function keepKnownPairs(pairs: Pairs, made: Pick<Pairs, Endpoint>): Pairs {
  const { known } = pairs;
  if (!known) return pairs;
  const at = (end: Endpoint) => {
    const shape = [known.size(0), ...pairs[end].shape.slice(1).map(() => 1)];
    return where(known.gt(0.5).reshape(shape), pairs[end], made[end]);
  };
  return { ...pairs, x0: at("x0"), x1: at("x1") };
}

/** The batch without the mark of known pairs. */
export function withoutKnownMark<B extends Batch>(batch: B): B {
  const { known, ...rows } = batch;
  return known ? (rows as B) : batch;
}

/** Applies a batch coupling to all rows except known pairs; rows keep their places. */
export function coupleUnknownRows(couple: BatchCoupling): BatchCoupling {
  return (batch, generator, of, draws) => {
    const { known } = batch;
    if (!known) return couple(batch, generator, of, draws);
    return tidy(() => {
      const pairs = withoutKnownMark(batch);
      const marks = known.toNumbers();
      const marked = (by: number) => marks.flatMap((mark, i) => (mark === by ? [i] : []));
      const fixed = marked(1);
      const open = marked(0);
      if (open.length === 0) return pairs;
      const coupled = couple(pickRows(pairs, open), generator, of);
      if (fixed.length === 0) return coupled;
      const order: number[] = [];
      [...fixed, ...open].forEach((place, k) => {
        order[place] = k;
      });
      return pickRows(joinBatches([pickRows(pairs, fixed), coupled]), order);
    });
  };
}
