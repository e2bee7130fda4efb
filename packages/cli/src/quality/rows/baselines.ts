// Two bridges without training beside the trained one: between Gaussians of the data's moments, and between the training
// rows themselves. A trained bridge is worth its time where it is nearer to the target than the first, and where it does
// more than the second, which only ever ends on training rows.
import { methodNamed, slicedWasserstein, squaredDisplacement, stream } from "@dsbm/bridge";
import type { QualityRow } from "@dsbm/runs";
import { getNumThreads, noGrad, type Tensor, tidy } from "@dsbm/torch";
import { Sampler } from "@dsbm/train";
import { testRows } from "../../problem/test-rows.js";
import type { Carried, MeasureOptions } from "../carried.js";
import { kept, type Subject } from "../subject.js";

interface Baseline {
  /** The method, which gives the metrics their names. */
  name: "gaussian_bridge" | "sinkhorn_bridge";
  title: string;
  /** Training rows of each end that it is made of, at most. */
  most: number;
  about: string;
}

const baselines: readonly Baseline[] = [
  {
    name: "gaussian_bridge",
    title: "Gaussian bridge",
    most: 50_000,
    about:
      "the exact bridge between Gaussians of the data's means and covariances, without training",
  },
  {
    name: "sinkhorn_bridge",
    title: "Sinkhorn bridge",
    most: 500,
    about:
      "the exact bridge between 500 training rows of each end at most, without training; it ends on those rows, so that it is near the target whatever they are worth",
  },
];

const metrics = ["sliced_w2", "displacement"] as const;

export const baselineNames: readonly string[] = baselines.flatMap(({ name }) =>
  metrics.map((metric) => `${name}_${metric}`),
);

/** Columns up to which covariances are inverted. */
const mostValues = 256;

/** The rows of both baselines from the starts of `carried`; floor and ceiling are those of its own rows. */
export async function baselineRows(
  carried: Carried,
  subject: Subject,
  { wants, stopped, seed, solver }: MeasureOptions,
  own: readonly QualityRow[],
): Promise<QualityRow[]> {
  const { trained, vectors } = subject;
  const values = carried.start.numel / carried.start.size(0);
  const isServed =
    vectors && solver === "sde" && trained.config.sde !== "vp" && trained.process.sigma > 0;
  // Bridges between two data sets are no bridge through several.
  if (subject.ends.chain) return [];
  if (!isServed || carried.given || values > mostValues || values < 1) return [];
  const rows: QualityRow[] = [];
  for (const baseline of baselines) {
    const asked = metrics.filter((metric) => wants(`${baseline.name}_${metric}`));
    if (asked.length === 0 || baseline.name === trained.method.name) continue;
    if (await stopped(`measuring ${carried.direction}, ${baseline.title}`)) break;
    const end = kept(() => endsOf(baseline, carried, subject, seed));
    for (const metric of asked) {
      const main = own.find((row) => row.metric === metric && row.direction === carried.direction);
      rows.push({
        metric: `${baseline.name}_${metric}`,
        title: `${metric === "sliced_w2" ? "sliced 2-Wasserstein" : "mean squared displacement"} of the ${baseline.title}`,
        direction: carried.direction,
        value: tidy(() => measured(metric, end, carried, subject.unit, seed)),
        ...{ low: null, high: null },
        // The least displacement is that of the ends at hand.
        floor: metric === "sliced_w2" ? (main?.floor ?? null) : null,
        ceiling: main?.ceiling ?? null,
        ...{ better: "lower", group: "baselines", about: baseline.about },
      });
    }
    end.dispose();
  }
  return rows;
}

function measured(
  metric: (typeof metrics)[number],
  end: Tensor,
  { start, data }: Carried,
  unit: number,
  seed: number,
): number {
  return metric === "sliced_w2"
    ? slicedWasserstein(end, data, { directions: 64, seed }) * unit
    : squaredDisplacement(start, end) * unit ** 2;
}

/** The ends that a baseline gives the same starts. */
function endsOf(
  { name, most }: Baseline,
  { direction, start }: Carried,
  { trained, ends, grid }: Subject,
  seed: number,
): Tensor {
  const method = methodNamed(name);
  const { process, shape } = trained;
  const data = {
    x0: testRows(ends.x0, most, seed, "train"),
    x1: testRows(ends.x1, most, seed, "train"),
  };
  const facts = { shape, direction };
  const network = method.model?.(facts as Parameters<NonNullable<typeof method.model>>[0]);
  if (!network) throw new Error(`${name} has no model of its own`);
  try {
    network.to({ device: start.device });
    method.fit?.({ network, data, process, direction } as Parameters<
      NonNullable<typeof method.fit>
    >[0]);
    const networks = { f: network, b: network };
    const threads = getNumThreads();
    const sampler = new Sampler({
      ...{ method, process, grid, networks, threads },
      ...{ stepVariance: "bridge", chunkRows: 250 },
    });
    const generator = stream(seed, `quality/${direction}/${name}`);
    try {
      return noGrad(() => sampler.endpoints(direction, start, { generator, lastNoise: false }));
    } finally {
      sampler.reset();
    }
  } finally {
    network.dispose();
  }
}
