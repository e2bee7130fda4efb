// What a finished run leaves to look at: curves, the pictures of its last evaluations, trajectories of the benchmark, and
// a page that shows them.
import { existsSync } from "node:fs";
import { stream, type TimeGrid } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import {
  type Row,
  type RunWriter,
  readCsv,
  readMetrics,
  renderReport,
  svgToPng,
  type TrendPanel,
  trendFigure,
} from "@dsbm/runs";
import { io, noGrad, tidy } from "@dsbm/torch";
import type { Training } from "@dsbm/train";
import { gridOf } from "../evaluation/evaluate.js";
import { metrics, shownRows } from "../evaluation/metrics.js";
import { evaluationPictures } from "../picture/pictures.js";
import type { Ends } from "../problem/ends.js";
import { checkpointId } from "../problem/iteration.js";

const mostPanels = 8;

/** Panels of the metrics that rows have a value of, each with its reference. */
export function panelsOf(
  rows: readonly Row[],
  {
    column = (name: string) => name,
    spread,
  }: {
    /** The name of a metric's column in these rows, and of its standard deviation. */
    column?: (metric: string) => string;
    spread?: (metric: string) => string;
  } = {},
): TrendPanel[] {
  const has = (name: string) => rows.some((row) => typeof row[name] === "number");
  return metrics
    .filter((metric) => has(column(metric.column)))
    .slice(0, mostPanels)
    .map(({ column: name, title, reference, referenceIs, log }) => ({
      metric: column(name),
      title: reference && has(column(reference)) ? `${title} (dashed: ${referenceIs})` : title,
      label: name,
      ...(spread && { spread: spread(name) }),
      ...(reference && has(column(reference)) && { floor: column(reference) }),
      ...(log && { scale: "log" as const }),
    }));
}

/** Of several evaluations of a series in a half-iteration the last. */
export function lastOfHalves(rows: readonly Row[], series: (row: Row) => string): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) last.set(JSON.stringify([series(row), row.half_iteration]), row);
  return [...last.values()];
}

/** figures/loss, figures/convergence and index.html: the run at a glance. */
export async function writeReport({
  config,
  ends,
  run,
}: {
  config: CompleteTrainConfig;
  ends: Ends;
  run: RunWriter;
}): Promise<void> {
  run.flush();
  const { rows } = readCsv(run.paths.results_csv);
  const pictures: { path: string; caption: string }[] = [];
  const drawn = async (name: string, svg: string, caption: string) => {
    run.saveFile(`figures/${name}.svg`, svg);
    run.saveFile(`figures/${name}.png`, await svgToPng(svg));
    pictures.push({ path: `figures/${name}.svg`, caption });
  };
  const panels = panelsOf(rows);
  const series = (row: Record<string, unknown>) => `${row.direction}, ${row.steps} steps`;
  if (panels.length > 0) {
    const title = "After each half-iteration";
    const last = lastOfHalves(rows, series);
    const svg = await trendFigure({ rows: last, panels, title, series, floorLabel: "reference" });
    await drawn("convergence", svg, `${title}; dashed: what each is to be compared with`);
  }
  const steps = existsSync(run.paths.metrics_jsonl) ? readMetrics(run.paths.metrics_jsonl) : [];
  if (steps.length > 0)
    await drawn(
      "loss",
      await trendFigure({
        ...{ rows: steps, panels: [{ metric: "loss", scale: "log" }] },
        ...{ title: "Loss", x: "step" },
      }),
      "Loss of each half-iteration",
    );
  for (const direction of ["f", "b"] as const) {
    const row = rows.findLast((r) => r.direction === direction);
    if (!row) continue;
    const at = { half: Number(row.half_iteration), direction, step: Number(row.step) };
    pictures.push(...evaluationPictures(checkpointId(at, config), direction, { run }));
  }
  const start = config.first_coupling === "ind" ? "independent pairs" : "the reference process";
  run.saveFile(
    "index.html",
    renderReport({
      title: `Bridge ${ends.x0.name} to ${ends.x1.name}: ${config.method} from ${start}, seed ${config.seed}`,
      summary: "Held-out starts; each metric is beside what it is to be compared with.",
      facts: { ...config },
      tables: [{ caption: "Evaluations", rows: shownRows(rows), meanings }],
      pictures,
    }),
  );
}

/** What the columns of evaluations mean; tables explain those that they have. */
export const meanings: Readonly<Record<string, string>> = {
  steps: "steps of the sampler",
  nfe: "evaluations of the network a batch",
  sampler: "sde: the run's own sampler; ode: its probability flow",
  mean: "mean of the ends, averaged over coordinates",
  var: "variance of the ends, averaged over coordinates",
  cov: "covariance of ends and starts, averaged over coordinates",
  kl_diag:
    "divergence of the marginals from the exact bridge's, averaged over time, from variances alone",
  kl_full: "the same from the whole covariance",
  floor_diag: "kl_diag of a perfect sampler with as many samples and steps",
  floor_full: "kl_full of a perfect sampler with as many samples and steps",
  sliced_w2: "sliced 2-Wasserstein distance of the ends from held-out data",
  data_sliced_w2: "the same of as many other data",
  w2: "exact 2-Wasserstein distance of the ends from held-out data",
  data_w2: "the same of as many other data",
  optimal_msd: "mean squared displacement of the exact optimal pairs of the same starts and ends",
  msd: "mean squared displacement from start to end",
  independent_msd: "the same of independent pairs of starts and data",
  end_sample_var: "variance of the ends over samples, averaged over their values",
  data_sample_var: "the same of held-out data",
  share: "part of the ends that a classifier takes for the wanted classes",
  data_share: "the same of held-out data",
  fid_lenet: "Fréchet distance in that classifier's features from the training data (no FID)",
  data_fid_lenet: "the same of held-out data",
  band_error: "mean error of the energy spectrum over octaves and channels (spectrum.csv has each)",
  start_band_error: "the same of the starts",
  worst_band: "the largest part of its start's error that a band still has",
  cond_error: "how far fields follow their conditions otherwise than data do",
  data_cond_error: "the same of other data",
};

/** The benchmark's files: test points, and backward paths from them by each number of steps, [steps + 1, n, d]. */
export function writeTrajectories({
  config,
  ends,
  run,
  sampler: training,
}: {
  config: CompleteTrainConfig;
  ends: Ends;
  run: RunWriter;
  sampler: Training;
}): void {
  for (const end of ["x0", "x1"] as const)
    run.saveFile(`${end}_test.npy`, io.encodeNpy(ends[end].test));
  for (const [i, steps] of config.test_num_steps.entries())
    noGrad(() =>
      tidy(() => {
        const { test } = ends.x1;
        const generator = stream(config.seed, `trajectory/${steps}`, test.device);
        const grid: TimeGrid = gridOf(training.problem.schedule.grid, steps);
        const path = training.sampler.path("b", test, { grid, generator });
        run.saveFile(i === 0 ? "traj.npy" : `traj_${steps}.npy`, io.encodeNpy(path));
      }),
    );
}
