// Which column is worst: the 1-Wasserstein distance of each, in the data's own units, those that are furthest off in
// their own standard deviations first.
import { columnEstimates, columnWasserstein } from "@dsbm/bridge";
import type { QualityRow } from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import { type Carried, drawsOf, type MeasureOptions } from "../carried.js";
import type { Subject } from "../subject.js";

/** Columns that are written, the worst ones. */
const mostColumns = 200;

export function columnRows(
  carried: Carried,
  { own, names, vectors }: Pick<Subject, "own" | "names" | "vectors">,
  { wants, seed }: MeasureOptions,
): QualityRow[] {
  if (!wants("column_w1") || !vectors) return [];
  const { direction, side, from } = carried;
  return tidy(() => {
    const [end, data, start] = [
      own(side, carried.end),
      own(side, carried.data),
      own(from, carried.start),
    ];
    const found = columnEstimates(end, data, { seed, resamples: 50 });
    const draws = drawsOf(carried, seed).map((draw) => columnWasserstein(own(side, draw), data));
    const ceilings = columnWasserstein(start, data);
    const deviations = data.to("float64").std({ dim: 0, correction: 1 }).toNumbers();
    const counts = `${end.size(0)} ends against ${data.size(0)} data`;
    return found
      .map((estimate, k): { off: number; row: QualityRow } => {
        const floors = draws.map((values) => values[k] as number);
        const deviation = deviations[k] as number;
        const off =
          deviation > 0 ? estimate.value / deviation : estimate.value > 0 ? Number.MAX_VALUE : 0;
        const column = names?.length === found.length ? (names[k] as string) : `column ${k + 1}`;
        return {
          off,
          row: {
            metric: "column_w1",
            title: `1-Wasserstein of ${column}`,
            direction,
            ...estimate,
            floor: floors.reduce((sum, one) => sum + one, 0) / floors.length,
            ceiling: ceilings[k] as number,
            better: "lower",
            column,
            group: "columns",
            about: `the mean distance by which this column of the ends must be moved to be distributed as the data's, in its own units${off < Number.MAX_VALUE ? ` (${off.toPrecision(2)} standard deviations)` : ""}; ${counts}; floor: as many other data; ceiling: the untouched source`,
          },
        };
      })
      .sort((a, b) => b.off - a.off)
      .slice(0, mostColumns)
      .map(({ row }) => row);
  });
}
