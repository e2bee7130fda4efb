// Pictures of an evaluation (grids of starts, ends and data; paths; an animation) and the page about a run.
import { existsSync } from "node:fs";
import { type Direction, encodeImages, ordered, stream, type Training } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import {
  animatedGrid,
  imageGrid,
  lossFigure,
  pathStrip,
  type RunWriter,
  readCsv,
  readMetrics,
  renderReport,
  svgToPng,
} from "@dsbm/runs";
import { noGrad, stack, type Tensor, tidy } from "@dsbm/torch";
import type { Position } from "./checkpoint.js";
import { pointId } from "./checkpoint.js";
import { type ImageData, testConditions } from "./data.js";
import { type Evaluation, endsOf, testGrid } from "./evaluate.js";

interface Scene {
  at: Position;
  training: Training;
  data: ImageData;
  config: CompleteTrainConfig;
  run: RunWriter;
}

type Shape = [number, number, number, number];

/** Images as a grid takes them: bytes; one or three channels can be drawn, of others the first. */
function drawable(images: Tensor): { images: Uint8Array; shape: Shape } {
  return tidy(() => {
    const [n, c, height, width] = images.shape as Shape;
    const channels = c === 3 ? 3 : 1;
    const bytes = encodeImages(images.narrow(1, 0, channels)).contiguous();
    return { images: bytes.toArray() as Uint8Array, shape: [n, channels, height, width] };
  });
}

const first = (images: Tensor, n: number) => images.narrow(0, 0, Math.min(n, images.size(0)));

async function grid(images: Tensor, n: number, title: string): Promise<Buffer> {
  const shown = tidy(() => drawable(first(images, n)));
  return imageGrid({ ...shown, columns: Math.ceil(Math.sqrt(shown.shape[0])), padding: 2, title });
}

/**
 * Writes the pictures of an evaluation under samples/, as many as plot_level says: 1 starts, ends and data; 2 also
 * paths and their animation; 3 also the pairs that are trained on. Returns the grids as PNG, by name.
 */
export async function writeEvaluationPictures(
  { start, end, data }: Evaluation,
  { at, training, data: ends, config, run }: Scene,
): Promise<[name: string, png: Buffer][]> {
  const { plot_level, plot_npar } = config;
  if (plot_level < 1) return [];
  const id = pointId(at, config);
  const [from, to] = at.direction === "f" ? ["x0", "x1"] : ["x1", "x0"];
  const grids: [string, Buffer][] = [
    ["start", await grid(start, plot_npar, `Starts (${from}, held out)`)],
    ["end", await grid(end, plot_npar, `Ends of the bridge to ${to}`)],
    ["data", await grid(data, plot_npar, `Data at ${to} (held out)`)],
  ];
  for (const [name, png] of grids) run.saveFile(`samples/${id}_${name}.png`, png);
  if (plot_level >= 2) await writePaths(start, { at, training, data: ends, config, run });
  if (plot_level >= 3) await writePairs({ at, training, config, run });
  return grids;
}

async function writePaths(
  start: Tensor,
  { at, training, data, config, run }: Scene,
): Promise<void> {
  const { direction } = at;
  const schedule = testGrid(training, config);
  const times = [
    direction === "f" ? 0 : 1,
    ...ordered(direction, schedule).map(({ next }) => next),
  ];
  const { images, shape } = noGrad(() =>
    tidy(() => {
      const rows = first(start, config.plot_npar_path);
      const path = training.simulator.path(direction, rows, {
        grid: schedule,
        generator: stream(config.seed, `picture/${at.half}/${at.step}`, start.device),
        lastNoise: false,
        given: testConditions(data, endsOf(direction).start, config.plot_npar_path),
      });
      const { images: all } = drawable(path.flatten({ endDim: 1 }));
      return { images: all, shape: drawable(rows).shape };
    }),
  );
  const id = pointId(at, config);
  run.saveFile(
    `samples/${id}_path.png`,
    await pathStrip({
      path: images,
      shape: [times.length, ...shape],
      times,
      title: `Paths of the bridge ${direction === "f" ? "forward" : "backward"}`,
    }),
  );
  if (!config.gif) return;
  const size = images.length / times.length;
  run.saveFile(
    `samples/${id}_path.gif`,
    await animatedGrid({
      frames: times.map((_, k) => images.subarray(k * size, (k + 1) * size)),
      shape,
      captions: times.map((t) => `t = ${t.toFixed(2)}`),
    }),
  );
}

/** The newest pairs of the cache side by side, where there is one. */
async function writePairs({ at, training, config, run }: Omit<Scene, "data">): Promise<void> {
  const rows = training.peek(config.plot_npar_path);
  if (!rows) return;
  try {
    const shown = tidy(() => {
      return drawable(stack(rows, { dim: 1 }).flatten({ endDim: 1 }));
    });
    run.saveFile(
      `samples/${pointId(at, config)}_pairs.png`,
      await imageGrid({
        ...shown,
        columns: 2,
        columnTitles: ["x0", "x1"],
        padding: 2,
        title: "Pairs trained on",
      }),
    );
  } finally {
    for (const r of rows) r.dispose();
  }
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
    const svg = await lossFigure({ metrics, title: "Loss" });
    run.saveFile("figures/loss.svg", svg);
    run.saveFile("figures/loss.png", await svgToPng(svg));
    pictures.push({ path: "figures/loss.svg", caption: "Loss of each half-iteration" });
  }
  for (const direction of ["f", "b"] as const) {
    const row = rows.findLast((r) => r.direction === direction);
    if (!row || config.plot_level < 1) continue;
    const at = { half: Number(row.half_iteration), direction, step: Number(row.step) };
    pictures.push(...evaluationPictures(at, direction, config));
  }
  const ends = `${data.x0.name} to ${data.x1.name}`;
  run.saveFile(
    "index.html",
    renderReport({
      title: `Bridge ${ends}: ${config.method}, ${config.first_coupling === "ind" ? "from independent pairs" : "from the reference process"}, seed ${config.seed}`,
      summary: `Held-out starts; "share" is the part of the ends that a classifier takes for the wanted classes, msd the mean squared displacement beside that of independent pairs, fid_lenet a Fréchet distance in that classifier's features (no FID). data_… say the same of held-out real images.`,
      facts: { ...config },
      tables: [{ caption: "Evaluations", rows }],
      pictures,
    }),
  );
}

function evaluationPictures(
  at: Position,
  direction: Direction,
  config: CompleteTrainConfig,
): { path: string; caption: string }[] {
  const { plot_level, gif } = config;
  const id = pointId(at, config);
  const { start, end } = endsOf(direction);
  const names: [string, string][] = [
    ["start.png", `Starts at ${start}`],
    ["end.png", `Their ends at ${end}`],
    ["data.png", `Data at ${end}`],
    ...(plot_level >= 2 ? [["path.png", "Paths"] as [string, string]] : []),
    ...(plot_level >= 2 && gif ? [["path.gif", "The same, moving"] as [string, string]] : []),
  ];
  return names.map(([name, caption]) => ({ path: `samples/${id}_${name}`, caption }));
}
