// Pictures of an evaluation (grids of starts, ends and data; paths; an animation; spectra) and the page about a run.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Direction, mapConditions, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import {
  animatedGrid,
  formatCsv,
  imageGrid,
  pathStrip,
  type RunWriter,
  readCsv,
  readMetrics,
  renderReport,
  svgToPng,
  trendFigure,
} from "@dsbm/runs";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import { type Evaluation, endsOf } from "../evaluation/evaluate.js";
import { bandColumns, spectraFigure, withBands } from "../evaluation/spectra.js";
import type { TestSampler } from "../evaluation/test-sampler.js";
import { type ImageData, testConditions } from "../problem/ends.js";
import { type Position, pointId } from "../problem/iteration.js";
import { type Painted, type Painter, painterOf } from "./paint.js";

/** Where an evaluation was made, and where it is drawn. */
export interface Scene {
  /** What its files are called after. */
  id: string;
  at: Position;
  sampler: TestSampler;
  data: ImageData;
  config: CompleteTrainConfig;
  run: RunWriter;
  /** Where starts and data come from (default: what was held out). */
  split?: Split;
  /** Pairs that are trained on just now, the caller's; null where none are. */
  pairs?: (n: number) => { x0: Tensor; x1: Tensor } | null;
}

const first = (images: Tensor, n: number) => images.narrow(0, 0, Math.min(n, images.size(0)));

/**
 * Writes what there is to see of an evaluation: spectrum.csv where there are bands, and pictures under samples/, as
 * many as plot_level says: 1 starts, ends, data and spectra; 2 also paths and their animation; 3 also the pairs that
 * are trained on. Returns the still ones as PNG, by name.
 */
export async function writeEvaluationPictures(
  { start, end, data, spectra, bands }: Evaluation,
  scene: Scene,
): Promise<[name: string, png: Buffer][]> {
  const { id, at, run, sampler, split = "test" } = scene;
  const { plot_level, plot_npar } = scene.config;
  if (bands.length > 0) {
    const { half: half_iteration, direction, step } = at;
    const { spectrum_csv } = run.paths;
    const before = existsSync(spectrum_csv) ? readCsv(spectrum_csv).rows : [];
    const place = { half_iteration, direction, sampler: sampler.kind, step };
    const rows = withBands(before, place, bands);
    run.saveFile("spectrum.csv", formatCsv({ columns: [...bandColumns], rows }));
  }
  if (plot_level < 1) return [];
  const sides = endsOf(at.direction);
  const drawn = tidy(() => {
    const cut = (x: Tensor) => first(x, plot_npar).to({ device: "cpu" });
    const [from, to] = [cut(start), cut(data)];
    const painter = painterOf(scene.data, [
      { x: from, side: sides.start },
      { x: to, side: sides.end },
    ]);
    const [t0, t1] = at.direction === "f" ? [0, 1] : [1, 0];
    return {
      painter,
      start: painter(from, t0),
      end: painter(cut(end), t1),
      data: painter(to, t1),
    };
  });
  const where = split === "test" ? "held out" : "trained on";
  const by = sampler.kind === "ode" ? "probability flow" : "bridge";
  const stills: [string, Buffer][] = [
    ["start", await grid(drawn.start, `Starts (${sides.start}, ${where})`)],
    ["end", await grid(drawn.end, `Ends of the ${by} to ${sides.end}`)],
    ["data", await grid(drawn.data, `Data at ${sides.end} (${where})`)],
  ];
  if (spectra) {
    const svg = await spectraFigure(spectra, {
      title: `Energy spectra of the ${by} to ${sides.end}`,
    });
    run.saveFile(`samples/${id}_spectrum.svg`, svg);
    stills.push(["spectrum", await svgToPng(svg)]);
  }
  for (const [name, png] of stills) run.saveFile(`samples/${id}_${name}.png`, png);
  if (plot_level >= 2) await writePaths(start, drawn.painter, scene);
  if (plot_level >= 3) await writePairs(scene);
  return stills;
}

function grid(shown: Painted, title: string): Promise<Buffer> {
  return imageGrid({ ...shown, columns: Math.ceil(Math.sqrt(shown.shape[0])), padding: 2, title });
}

async function writePaths(
  start: Tensor,
  painter: Painter,
  { id, at, sampler, data, config, run, split = "test" }: Scene,
): Promise<void> {
  const { direction } = at;
  const { frames, times } = noGrad(() =>
    tidy(() => {
      const rows = first(start, config.plot_npar_path);
      const given = testConditions(data, endsOf(direction).start, start.size(0), split);
      const path = sampler.path(direction, rows, {
        generator: stream(config.seed, `picture/${at.half}/${at.step}`, start.device),
        given: mapConditions(given, (t) => t.narrow(0, 0, rows.size(0))),
      });
      const states = path.states.to({ device: "cpu" });
      return {
        frames: path.times.map((time, k) => painter(states.select(0, k), time)),
        times: path.times,
      };
    }),
  );
  const { shape } = frames[0] as Painted;
  run.saveFile(
    `samples/${id}_path.png`,
    await pathStrip({
      path: Uint8Array.from(Buffer.concat(frames.map(({ images }) => images))),
      shape: [times.length, ...shape],
      times,
      title: `Paths of the ${sampler.kind === "ode" ? "flow" : "bridge"} ${direction === "f" ? "forward" : "backward"}`,
    }),
  );
  if (!config.gif) return;
  run.saveFile(
    `samples/${id}_path.gif`,
    await animatedGrid({
      frames: frames.map(({ images }) => images),
      shape,
      captions: times.map((t) => `t = ${t.toFixed(2)}`),
    }),
  );
}

/** The newest pairs of the cache side by side, where there is one. */
async function writePairs({ id, config, data, run, pairs }: Scene): Promise<void> {
  const rows = pairs?.(config.plot_npar_path);
  if (!rows) return;
  try {
    const { x0, x1 } = rows;
    const painter = painterOf(data, [
      { x: x0, side: "x0" },
      { x: x1, side: "x1" },
    ]);
    run.saveFile(
      `samples/${id}_pairs.png`,
      await imageGrid({
        ...inTurn(painter(x0, 0), painter(x1, 1)),
        columns: 2,
        columnTitles: ["x0", "x1"],
        padding: 2,
        title: "Pairs trained on",
      }),
    );
  } finally {
    rows.x0.dispose();
    rows.x1.dispose();
  }
}

/** An image of each, and the next of each. */
function inTurn(a: Painted, b: Painted): Painted {
  const [n, ...rest] = a.shape;
  const size = a.images.length / n;
  const images = new Uint8Array(2 * a.images.length);
  for (let i = 0; i < n; i++) {
    const cut = [i * size, (i + 1) * size] as const;
    images.set(a.images.subarray(...cut), 2 * i * size);
    images.set(b.images.subarray(...cut), (2 * i + 1) * size);
  }
  return { images, shape: [2 * n, ...rest] };
}

/** figures/loss and index.html: the run at a glance. */
export async function writeReport({
  config,
  data,
  run,
}: {
  config: CompleteTrainConfig;
  data: ImageData;
  run: RunWriter;
}): Promise<void> {
  run.flush();
  const { rows } = readCsv(run.paths.results_csv);
  const pictures: { path: string; caption: string }[] = [];
  const metrics = existsSync(run.paths.metrics_jsonl) ? readMetrics(run.paths.metrics_jsonl) : [];
  if (metrics.length > 0) {
    const svg = await trendFigure({
      rows: metrics,
      panels: [{ metric: "loss", scale: "log" }],
      x: "step",
      title: "Loss",
    });
    run.saveFile("figures/loss.svg", svg);
    run.saveFile("figures/loss.png", await svgToPng(svg));
    pictures.push({ path: "figures/loss.svg", caption: "Loss of each half-iteration" });
  }
  for (const direction of ["f", "b"] as const) {
    const row = rows.findLast((r) => r.direction === direction);
    if (!row || config.plot_level < 1) continue;
    const at = { half: Number(row.half_iteration), direction, step: Number(row.step) };
    pictures.push(...evaluationPictures(pointId(at, config), direction, { config, run }));
  }
  const ends = `${data.x0.name} to ${data.x1.name}`;
  run.saveFile(
    "index.html",
    renderReport({
      title: `Bridge ${ends}: ${config.method}, ${config.first_coupling === "ind" ? "from independent pairs" : "from the reference process"}, seed ${config.seed}`,
      summary: `Held-out starts; "share" is the part of the ends that a classifier takes for the wanted classes, msd the mean squared displacement beside that of independent pairs, fid_lenet a Fréchet distance in that classifier's features (no FID). data_… say the same of held-out real images. ${scaleNote}`,
      facts: { ...config },
      tables: [{ caption: "Evaluations", rows }],
      pictures,
    }),
  );
}

/** What the columns of fields say. */
export const scaleNote =
  "band_error is the mean error of the energy spectrum over octaves and channels (spectrum.csv has each), start_band_error that of the starts, data_band_error that of other real fields, worst_band the largest part of its start's error that a band has left; cond_error says the same of how fields follow their conditions.";

/** The pictures of an evaluation for a page, as far as they were drawn. */
export function evaluationPictures(
  id: string,
  direction: Direction,
  { config, run }: Pick<Scene, "config" | "run">,
): { path: string; caption: string }[] {
  const { plot_level, gif } = config;
  const { start, end } = endsOf(direction);
  const names: [string, string][] = [
    ["start.png", `Starts at ${start}`],
    ["end.png", `Their ends at ${end}`],
    ["data.png", `Data at ${end}`],
    ["spectrum.svg", "Energy by wavenumber: source, target, generated"],
    ...(plot_level >= 2 ? [["path.png", "Paths"] as [string, string]] : []),
    ...(plot_level >= 2 && gif ? [["path.gif", "The same, moving"] as [string, string]] : []),
  ];
  return names
    .map(([name, caption]) => ({ path: `samples/${id}_${name}`, caption }))
    .filter(({ path }) => existsSync(join(run.paths.folder, path)));
}
