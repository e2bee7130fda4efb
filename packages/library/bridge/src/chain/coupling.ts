import { arange, full, type Generator, stack, type Tensor, tensor, tidy } from "@dsbm/torch";
import { countRows, joinBatches, mapBatch, type Pairs, pickRows } from "../core/batch.js";
import { type Conditions, kindsOf, rowsWhere } from "../core/conditions.js";
import type { Endpoint } from "../core/direction.js";
import type { Chain, Endpoints } from "../core/endpoints.js";
import { dataError } from "../core/errors.js";
import type { BatchCoupling } from "../coupling/coupling.js";
import { joinMass, splitMass } from "../coupling/growth.js";
import { groupsByConditions } from "../coupling/matching.js";
import { intervalsOf } from "./chain.js";

/**
 * Pairs the rows of each group of equal (or near, see `groupsByConditions`) conditions `of`; lone rows keep their
 * partner.
 * @throws {BridgeError} for rows without conditions.
 */
export function coupleWithinGroups(
  couple: BatchCoupling,
  of: (conditions: Conditions) => Conditions = (conditions) => conditions,
): BatchCoupling {
  return (batch, generator, end, draws) => {
    const conditions = batch.conditions && of(batch.conditions);
    if (kindsOf(conditions).length === 0)
      throw dataError("pairs within groups need the interval or the condition of rows");
    const groups = groupsByConditions(conditions!);
    const several = groups.filter((rows) => rows.length > 1);
    const alone = groups.filter((rows) => rows.length === 1).flat();
    const parts = several.map((rows) => couple(pickRows(batch, rows), generator, end, draws));
    if (alone.length > 0) parts.push(pickRows(batch, alone));
    return joinBatches(parts as [Pairs, ...Pairs[]]);
  };
}

/** Pairs only rows of one interval of a chain. */
export const withinIntervals = (couple: BatchCoupling): BatchCoupling =>
  coupleWithinGroups(couple, ({ interval }) => ({ interval }));

/** The rows of each interval of a chain (or all rows without a chain), with the interval of `of` as their condition. */
export function eachInterval({ chain, conditions, ...data }: Endpoints, of: Endpoint): Pairs[] {
  if (!chain) return [{ x0: data.x0, x1: data.x1 }];
  return intervalsOf(chain).map(({ index }) => {
    const rowsOf = (end: Endpoint) => rowsWhere(data[end], conditions![end]!.interval!, index);
    const rows = { x0: rowsOf("x0"), x1: rowsOf("x1") };
    const { device } = rows.x0;
    return {
      ...rows,
      conditions: { interval: full([rows[of].size(0)], index, { dtype: "int64", device }) },
    };
  });
}

/**
 * Draws at least `count` pairs from plans of all rows, equally many of each interval. Returns null if a set has more than `most`
 * rows, or if rows have other conditions.
 */
export function drawWholePlans(
  couple: BatchCoupling,
  data: Endpoints,
  { of, count, most }: { of: Endpoint; count: number; most: number },
): ((generator: Generator) => Pairs) | null {
  const kinds = [data.conditions?.x0, data.conditions?.x1].flatMap(kindsOf);
  if (kinds.some((kind) => kind !== "interval")) return null;
  const rows = tidy(() => eachInterval(data, of).flatMap(({ x0, x1 }) => [x0.size(0), x1.size(0)]));
  if (Math.max(...rows) > most) return null;
  return (generator) => {
    const parts = eachInterval(data, of);
    const drawn = parts.map((pairs) => {
      const draws = Math.ceil(count / parts.length / pairs.x0.size(0));
      return couple(pairs, generator, of, draws);
    });
    return joinBatches(drawn as [Pairs, ...Pairs[]]);
  };
}

/** Facts of smooth paths. */
export interface SmoothPaths {
  /** The last column is a log mass, one more coordinate of a path. */
  mass?: boolean | undefined;
  /** Strength of the potentials at inner datasets (OTP-FM); null or none: paths pass through the rows. */
  potential?: number | null | undefined;
}

/**
 * Pairs along smooth paths through all datasets of a chain: `couple` leads each path from set to set, and the paths are
 * natural cubic splines in time (MMFM). As many pairs as the batch has, equally many of each interval.
 */
export function alongSplines(
  couple: BatchCoupling,
  chain: Chain,
  { mass = false, potential }: SmoothPaths = {},
): BatchCoupling {
  const all = intervalsOf(chain);
  return (batch, generator, of) =>
    tidy(() => {
      const { conditions } = batch;
      const parts = eachInterval(
        { ...batch, chain, conditions: { x0: conditions, x1: conditions } },
        "x0",
      );
      if (parts.some(({ x0 }) => x0.size(0) === 0)) {
        const pairs = withinIntervals(couple)(batch, generator, of);
        return { ...pairs, bend0: pairs.x0.zerosLike(), bend1: pairs.x0.zerosLike() };
      }
      const [{ x0 }] = parts;
      const count = Math.ceil(countRows(batch) / all.length);
      const order = arange(0, count, { dtype: "int64", device: x0.device });
      const [{ unit: first }] = all;
      let knots = [x0.indexSelect(0, order.remainder(x0.size(0))).mul(first)];
      all.forEach(({ unit }, k) => {
        const { x1 } = parts[k];
        // Drawn rows bring their number.
        const conditions = { y: order, interval: order.fullLike(k) };
        const drawn = couple({ x0: knots[k].div(unit), x1, conditions }, generator, "x0", "each");
        knots = knots.map((x) => x.indexSelect(0, drawn.conditions!.y!));
        knots.push(drawn.x1.mul(unit));
      });
      const rows = stack(knots);
      const linear = (matrix: Tensor) =>
        matrix
          .to({ dtype: rows.dtype, device: rows.device })
          .mm(rows.flatten({ startDim: 1 }))
          .reshape(rows.shape);
      const { bend, shift } = splineMatrices(chain.times, potential ?? null);
      const bends = linear(bend);
      const path = shift ? rows.add(linear(shift)) : rows;
      const pairs = all.map(({ index, unit }) => {
        const start = path.select(0, index);
        const level = mass ? meanMass(start) : null;
        const within = (x: Tensor) => (level ? x.sub(level) : x).div(unit);
        return {
          x0: within(start),
          x1: within(path.select(0, index + 1)),
          // Bends in the interval's own clock and units.
          bend0: bends.select(0, index).mul(unit ** 3),
          bend1: bends.select(0, index + 1).mul(unit ** 3),
          conditions: { interval: order.fullLike(index) },
        };
      });
      return cutTo(joinBatches(pairs as unknown as [Pairs, ...Pairs[]]), countRows(batch));
    });
}

const cutTo = (pairs: Pairs, n: number): Pairs => mapBatch(pairs, (x) => x.narrow(0, 0, n));

/** The log of the mean mass of rows [n, d + 1] in the last column, and 0 in the others. */
function meanMass(rows: Tensor): Tensor {
  const { x, logMass } = splitMass(rows);
  return joinMass(
    x.zerosLike(),
    logMass
      .exp()
      .mean()
      .log()
      .expand([x.size(0)]),
  );
}

/**
 * Matrices [K + 1, K + 1] from rows at these times to the second derivatives there of their natural cubic spline, and from
 * rows to the spline's points less the rows. A potential bends a path by its strength times this difference (OTP-FM). Its
 * kernel is linear between the times, unlike the paper's Gaussian: a path stays one cubic in each interval, and becomes the
 * spline as the strength grows.
 */
function splineMatrices(times: readonly number[], potential: number | null) {
  const banded = (end: number, inner: (before: number, after: number) => number[]) =>
    tensor(
      times.map((t, k) => {
        const before = times[k - 1];
        const after = times[k + 1];
        const row = times.map((_, i) => (i === k ? end : 0));
        if (before !== undefined && after !== undefined)
          row.splice(k - 1, 3, ...inner(t - before, after - t));
        return row;
      }),
      { dtype: "float64" },
    );
  const left = banded(1, (a, b) => [a, 2 * (a + b), b]);
  const right = banded(0, (a, b) => [6 / a, -6 / a - 6 / b, 6 / b]);
  if (potential === null) return { bend: left.linalgSolve(right), shift: null };
  const inverse = banded(0, () => [0, 1 / potential, 0]);
  const bend = left.sub(right.mm(inverse)).linalgSolve(right);
  return { bend, shift: inverse.mm(bend) };
}
