// Of several data sets in a row: what the bridge passes through, beside the data of that time.

import { testRows } from "@dsbm/problem";
import type { QualityRow } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import type { Carried, MeasureOptions } from "../carried.js";
import { disposeAll, kept, type Subject } from "../subject.js";
import { endRows } from "./ends.js";

const prefix = "marginal_";
const metrics = ["sliced_w2", "w2", "w1"];

export const marginalNames: readonly string[] = metrics.map((name) => prefix + name);

/** Distances at each time between, with the floor of other data of that time and the ceiling of the untouched source. */
export async function marginalRows(
  carried: Carried,
  subject: Subject,
  options: MeasureOptions,
): Promise<QualityRow[]> {
  const { ends } = subject;
  const wants = (name: string) => metrics.includes(name) && options.wants(prefix + name);
  if (!ends.chain) {
    for (const name of marginalNames)
      options.reasons.set(name, "it is for several data sets in a row");
    return [];
  }
  if (!metrics.some(wants)) return [];
  const { times } = ends.chain;
  const rows: QualityRow[] = [];
  for (const [i, end] of ends.between.entries()) {
    const most = carried.start.size(0);
    const data = kept(() => testRows(end, most, options.seed, "test"));
    const reserve = kept(() => testRows(end, 4 * most, options.seed, "train"));
    // No more samples than other data for the floor.
    const n = Math.min(most, reserve.size(0));
    const cut = (x: Tensor) => kept(() => x.narrow(0, 0, n));
    const own = {
      data,
      reserve,
      start: cut(carried.start),
      end: cut(carried.between[i] as Tensor),
    };
    const found = await endRows({ ...carried, ...own }, subject, { ...options, wants });
    disposeAll(Object.values(own));
    rows.push(
      ...found.map(
        (row): QualityRow => ({
          ...row,
          metric: prefix + row.metric,
          title: `${row.title} to ${atTime(end.name, times[i + 1] as number)}`,
          group: "marginals",
        }),
      ),
    );
  }
  return rows;
}

/** A data set of a time, for titles. */
export const atTime = (name: string, time: number): string =>
  `${nameOf(name)} at t = ${Number(time.toPrecision(4))}`;

/** A data set's name for tables: the last part of a path. */
export const nameOf = (name: string): string => name.replace(/^[a-z]+:/, "").replace(/^.*\//, "");
