// How the bridge pairs starts with ends: how far it moves them, and whether it binds them as the Schrödinger bridge does.
import {
  displacement,
  gaussianPairs,
  meanEstimate,
  optimality,
  squaredDisplacement,
} from "@dsbm/bridge";
import type { QualityRow } from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import type { Carried, MeasureOptions } from "../carried.js";
import { type Subject, scaled } from "../subject.js";

/** A floor above this is noise: without it random pairs have 1. */
const mostNoise = 0.75;

export function planRows(
  carried: Carried,
  subject: Subject,
  { wants, seed, solver, exact }: MeasureOptions,
): QualityRow[] {
  const { direction, start, end } = carried;
  const rows: QualityRow[] = [];
  if (wants("displacement"))
    tidy(() => {
      const by = subject.unit ** 2;
      const lengths = end.sub(start).flatten({ startDim: 1 }).to("float64").square().sum(1);
      const best = displacement(start, end, { most: exact, seed });
      rows.push({
        metric: "displacement",
        title: "mean squared displacement",
        direction,
        ...scaled(meanEstimate(lengths), by),
        floor: best.optimal * by,
        ceiling: independentDisplacement(start, end) * by,
        better: "lower",
        group: "plan",
        about: `mean squared distance of ${start.size(0)} starts and their ends; floor: the exact optimal pairs of ${best.n} of the same starts and ends; ceiling: the same points paired at random. It says nothing of where the ends are: read it beside sliced_w2`,
      });
    });
  if (wants("optimality") && solver === "sde") rows.push(...optimalityRows(carried, subject, seed));
  return rows;
}

/** The mean squared distance of all pairs. */
function independentDisplacement(start: Tensor, end: Tensor): number {
  return tidy(() => {
    const [a, b] = [start, end].map((t) => t.flatten({ startDim: 1 }).to("float64")) as [
      Tensor,
      Tensor,
    ];
    const variance = (t: Tensor) =>
      squaredDisplacement(t, t.mean(0, { keepdim: true }).expand(t.shape));
    return variance(a) + variance(b) + a.mean(0).sub(b.mean(0)).square().sum().item();
  });
}

function optimalityRows(
  carried: Carried,
  { trained, vectors, ends }: Subject,
  seed: number,
): QualityRow[] {
  // Through several data sets the pairs of the ends are those of no Schrödinger bridge between these two.
  if (ends.chain) return [];
  const { direction, start, end } = carried;
  const { process, method, config } = trained;
  // Brownian motion, on vectors, by a method that has noise.
  if (!vectors || config.sde === "vp" || method.predicts === "velocity" || !(process.sigma > 0))
    return [];
  return tidy(() => {
    const epsilon = process.sigma ** 2;
    const [x0, x1] = direction === "f" ? [start, end] : [end, start];
    const found = optimality(x0, x1, { epsilon, seed });
    if (!found) return [];
    const exact = gaussianPairs(x0, x1, { epsilon, count: x0.size(0), seed });
    const floor = optimality(exact.start, exact.end, { epsilon, seed });
    const apart = x1.roll([Math.floor(x1.size(0) / 2)], { dims: [0] });
    const ceiling = optimality(x0, apart, { epsilon, seed });
    // With few pairs even those of the exact bridge look like random ones.
    if (!floor || !ceiling || floor.error.value > mostNoise) return [];
    const shared = { direction, group: "plan" as const };
    const counts = `${x0.size(0)} pairs; floor: as many pairs of the exact bridge between the Gaussians of the same moments; ceiling: the same points paired at random. It holds between Gaussians, and of other data says how the pairs are bound on average`;
    return [
      {
        metric: "optimality",
        title: "distance from the optimal plan",
        ...{ ...shared, ...found.error },
        floor: floor.error.value,
        floor_low: floor.error.low,
        floor_high: floor.error.high,
        ceiling: ceiling.error.value,
        better: "lower",
        about: `‖εA − I‖/‖I‖ of the matrix A that binds starts and ends, I/ε at the Schrödinger bridge; ${counts}`,
      },
      {
        metric: "binding",
        title: "binding of start and end",
        ...{ ...shared, ...found.strength },
        floor: floor.strength.value,
        ceiling: ceiling.strength.value,
        better: "target",
        target: 1,
        about: `ε tr A/d: 1 at the Schrödinger bridge, less where ends depend less on their starts; ${counts}`,
      },
    ];
  });
}
