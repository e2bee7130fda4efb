// The pictures of the main job: paths from source to result, results beside real digits, and convergence.
import { type Direction, stream } from "@dsbm/bridge";
import { imageGrid, type Row, type RunWriter, svgToPng, trendFigure } from "@dsbm/runs";
import { cat, noGrad, ones, type Tensor, tidy } from "@dsbm/torch";
import type { Training } from "@dsbm/train";
import type { StartConfig } from "./config.js";
import type { DigitData } from "./data.js";
import { endsOf, results } from "./measure.js";

interface Scene {
  training: Training;
  data: DigitData;
  config: StartConfig;
}

const side = 28;

/** Pixels [n, 784] as a grid's images. */
function grid(pixels: Tensor): { images: Float32Array; shape: [number, number, number, number] } {
  const n = pixels.size(0);
  return {
    images: pixels.contiguous().toArray() as Float32Array,
    shape: [n, 1, side, side],
  };
}

/** About `count` step indices of an N-step sampler, evenly from 0 to N. */
export function pathSteps(steps: number, count: number): number[] {
  const parts = Math.min(count, steps);
  return Array.from({ length: parts + 1 }, (_, k) => Math.round((k * steps) / parts));
}

/** One row a digit: the image, its projection, the states along the path, the result. */
async function pathPicture(
  { training, data, config }: Scene,
  direction: Direction,
  { rows = 10 }: { rows?: number } = {},
): Promise<Buffer> {
  const { start, digit } = endsOf(data, direction, config);
  const steps = training.problem.schedule.grid.steps.length;
  const at = pathSteps(steps, 6);
  const pixels = noGrad(() =>
    tidy(() => {
      const n = Math.min(rows, start.points.size(0));
      const path = training.sampler.path(direction, start.points.narrow(0, 0, n), {
        grid: training.problem.schedule.grid,
        generator: stream(config.seed, `picture/${direction}`),
        at,
        lastNoise: false,
      });
      const states = data.projection
        .reconstruct(path.flatten({ endDim: 1 }))
        .reshape([at.length, n, side * side])
        .transpose(0, 1);
      const first = start.pixels.narrow(0, 0, n).unsqueeze(1);
      return grid(cat([first, states], { dim: 1 }).flatten({ endDim: 1 }));
    }),
  );
  const times = at.map(
    (k) => training.problem.schedule.grid.times[direction === "f" ? k : steps - k],
  );
  const titles = times.map((t, i) => {
    const time = `t=${Number((t as number).toFixed(2))}`;
    return i === 0 ? `projected ${time}` : i === times.length - 1 ? `result ${time}` : time;
  });
  const from = direction === "f" ? config.source : config.target;
  return imageGrid({
    ...pixels,
    columns: at.length + 1,
    columnTitles: ["source", ...titles],
    title: `Paths of the bridge from ${from} to ${digit}: unpaired MNIST test digits`,
    scale: 3,
  });
}

/** Results at the left, real test digits at the right, both as their components show them. */
async function samplesPicture(
  { training, data, config }: Scene,
  direction: Direction,
  { rows = 8, columns = 8 }: { rows?: number; columns?: number } = {},
): Promise<Buffer> {
  const { start, real, digit } = endsOf(data, direction, config);
  const pixels = noGrad(() =>
    tidy(() => {
      const n = Math.min(rows * columns, start.points.size(0), real.points.size(0));
      const made = results(training, direction, start.points.narrow(0, 0, n));
      const side2 = side * side;
      const block = (points: Tensor) =>
        data.projection.reconstruct(points).reshape([rows, columns, side2]);
      const gap = ones([rows, 1, side2]);
      const both = cat([block(made), gap, block(real.points.narrow(0, 0, n))], { dim: 1 });
      return grid(both.flatten({ endDim: 1 }));
    }),
  );
  return imageGrid({
    ...pixels,
    columns: 2 * columns + 1,
    padding: 2,
    title: `Left: results of the bridge to ${digit}. Right: real test digits ${digit}, projected.`,
  });
}

/** Share and displacement after every half-iteration, a line for each direction. */
async function convergencePicture(
  rows: readonly Row[],
  { source, target }: Pick<StartConfig, "source" | "target">,
): Promise<string> {
  return trendFigure({
    rows,
    title: `Bridge between digits ${source} and ${target}, after each half-iteration`,
    panels: [
      {
        metric: "share",
        title: "Share taken for the wanted digit",
        label: "share of results",
      },
      {
        metric: "displacement",
        title: "Mean squared displacement",
        label: "squared distance between start and end",
      },
    ],
    series: ({ direction }) =>
      direction === "f" ? `${source} → ${target}` : `${target} → ${source}`,
  });
}

/** Writes all pictures under figures/; returns their paths, the main one first. */
export async function writePictures(
  scene: Scene,
  run: RunWriter,
  rows: readonly Row[],
): Promise<string[]> {
  const convergence = await convergencePicture(rows, scene.config);
  run.saveFile("figures/convergence.svg", convergence);
  return [
    run.saveFile("figures/path.png", await pathPicture(scene, "f")),
    run.saveFile("figures/samples.png", await samplesPicture(scene, "f")),
    run.saveFile("figures/path_back.png", await pathPicture(scene, "b")),
    run.saveFile("figures/convergence.png", await svgToPng(convergence)),
  ];
}
