// What the digits came to, as a table for the terminal and as a page for the run folder.
import type { Direction } from "@dsbm/bridge";
import { type Row, renderReport } from "@dsbm/runs";
import type { StartConfig } from "./config.js";
import type { Baseline, Measures } from "./measure.js";

/** The last networks' measures and what to hold them against, by direction. */
export interface Outcome {
  measures: Partial<Record<Direction, Measures>>;
  baselines: Partial<Record<Direction, Baseline>>;
}

/** The last networks on test images, each above the real digits that it should be like, paired at random. */
export function digitsTable(
  { source, target }: Pick<StartConfig, "source" | "target">,
  { measures, baselines }: Outcome,
): Row[] {
  return (["f", "b"] as const).flatMap((direction): Row[] => {
    const [made, real] = [measures[direction], baselines[direction]];
    if (!made || !real) return [];
    const [from, to] = direction === "f" ? [source, target] : [target, source];
    return [
      { what: `bridge ${from} → ${to}`, ...made },
      { what: `real ${to}s, projected, paired at random`, ...real.projected },
      { what: `real ${to}s`, share: real.share, displacement: null, optimal: null, variance: null },
    ];
  });
}

/** The run folder's index.html. */
export function digitsReport(
  config: StartConfig,
  result: Outcome & { rows: readonly Row[] },
): string {
  const { source, target } = config;
  return renderReport({
    title: `A bridge between handwritten digits: ${source} → ${target}`,
    summary: `MNIST, unpaired, in ${config.components} principal components; DSBM-IMF with ${2 * config.n_ipf} half-iterations. Shares are those that a classifier trained in the same job takes for the wanted digit, on test images. Distances and variances are in coordinates whose variance is 1 on average; optimal is the displacement of the same starts and ends in exact optimal pairs.`,
    tables: [
      { caption: "The last networks, on test images", rows: digitsTable(config, result) },
      { caption: "After each half-iteration", rows: result.rows },
    ],
    pictures: [
      { path: "figures/path.png", caption: `Paths from ${source} to ${target}` },
      { path: "figures/samples.png", caption: "Results beside real digits" },
      { path: "figures/path_back.png", caption: `Paths from ${target} to ${source}` },
      { path: "figures/convergence.svg", caption: "Share and displacement by half-iteration" },
    ],
    facts: { ...config },
  });
}
