// Pictures of an evaluation: grids of starts, ends and data, paths and an animation of what can be shown as pictures,
// and a scatter plot of vectors.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { endOf, mapConditions, startOf, stream } from "@dsbm/bridge";
import type { CompleteTrainConfig } from "@dsbm/config";
import { principalComponents } from "@dsbm/data";
import type { Evaluation, Evaluators, TestSampler } from "@dsbm/evaluation";
import { atTime, nameOf } from "@dsbm/evaluation";
import { type Ends, isVectors, testConditions, testRows } from "@dsbm/problem";
import {
  animatedGrid,
  imageGrid,
  pathStrip,
  type RunWriter,
  readCsv,
  scatterFigure,
  svgToPng,
} from "@dsbm/runs";
import { cat, noGrad, type Tensor, tidy } from "@dsbm/torch";
import { hasPictures, type Painted, type Painter, painterOf } from "./paint.js";
import { pointsOf } from "./points.js";

/** Where an evaluation was made, and where its files go. */
export interface Scene {
  /** The beginning of its files' names. */
  id: string;
  sampler: TestSampler;
  ends: Ends;
  evaluators: Evaluators;
  config: CompleteTrainConfig;
  run: RunWriter;
  /** Pairs that are trained on, the caller's; null where none are kept. */
  pairs?: (n: number) => { x0: Tensor; x1: Tensor } | null;
}

type Stills = [name: string, png: Buffer][];

const first = (rows: Tensor, n: number) => rows.narrow(0, 0, Math.min(n, rows.size(0)));

/**
 * Writes the files of an evaluation: those of its evaluators, and pictures under samples/ as many as plot_level says:
 * 1 starts, ends and data; 2 also paths and their animation; 3 also the pairs that are trained on. Returns the still
 * ones as PNG, by name.
 */
export async function writeEvaluationPictures(
  { carried }: Evaluation,
  scene: Scene,
): Promise<Stills> {
  const { id, sampler, evaluators, run, ends, config } = scene;
  const stills: Stills = [];
  if (config.plot_level >= 1 && hasPictures(ends)) stills.push(...(await grids(carried, scene)));
  const files = {
    ...{ id, sampler: sampler.kind, carried },
    save: (path: string, content: string | Uint8Array) => void run.saveFile(path, content),
    read: (path: string) => {
      const file = join(run.paths.folder, path);
      return existsSync(file) ? readCsv(file).rows : [];
    },
  };
  for (const evaluator of evaluators.all) {
    if (!evaluator.write) continue;
    const drawn = await evaluator.write(files);
    if (config.plot_level >= 1) stills.push(...drawn);
  }
  if (config.plot_level >= 1 && isVectors(ends)) stills.push(await scatter(carried, scene));
  for (const [name, png] of stills) run.saveFile(`samples/${id}_${name}.png`, png);
  return stills;
}

async function grids(carried: Evaluation["carried"], scene: Scene): Promise<Stills> {
  const { sampler, ends, config } = scene;
  const { at, split } = carried;
  const [from, to] = [startOf(at.direction), endOf(at.direction)];
  const drawn = tidy(() => {
    const cut = (x: Tensor) => first(x, config.plot_npar);
    const [start, end, data] = [cut(carried.start), cut(carried.end), cut(carried.data)];
    const painter = painterOf(ends, [
      { x: start, side: from },
      { x: data, side: to },
    ]);
    const [t0, t1] = at.direction === "f" ? [0, 1] : [1, 0];
    const between = ends.between.map((one, i) => {
      const time = ends.chain?.times[i + 1] as number;
      const rows = cut(testRows(one, start.size(0), config.seed, split)).to({ device: "cpu" });
      return { name: atTime(one.name, time), shown: painter(rows, time) };
    });
    return {
      ...{ painter, between },
      start: painter(start, t0),
      end: painter(end, t1),
      data: painter(data, t1),
    };
  });
  const where = split === "test" ? "held out" : "trained on";
  const stills: Stills = [
    ["start", await grid(drawn.start, `Starts (${from}, ${where})`)],
    ["end", await grid(drawn.end, `Ends of the ${processOf(sampler)} to ${to}`)],
    ["data", await grid(drawn.data, `Data at ${to} (${where})`)],
  ];
  for (const [i, { name, shown }] of drawn.between.entries())
    stills.push([`between_${i + 1}`, await grid(shown, `${name} (${where})`)]);
  if (config.plot_level >= 2) await writePaths(carried, drawn.painter, scene);
  if (config.plot_level >= 3) await writePairs(scene);
  return stills;
}

const processOf = ({ kind }: TestSampler) => (kind === "ode" ? "probability flow" : "bridge");

function grid(shown: Painted, title: string): Promise<Buffer> {
  return imageGrid({ ...shown, columns: Math.ceil(Math.sqrt(shown.shape[0])), title });
}

/** Paths of the first `n` starts, on the processor. */
function pathsOf(
  { at, start, split }: Evaluation["carried"],
  n: number,
  { sampler, ends, config }: Scene,
): { states: Tensor; times: number[] } {
  const { direction, half, step } = at;
  return noGrad(() =>
    tidy(() => {
      const { device } = ends.x0.train;
      const rows = first(start, n).to({ device });
      const given = testConditions(ends, startOf(direction), start.size(0), split);
      const { states, times } = sampler.path(direction, rows, {
        generator: stream(config.seed, `picture/${half}/${step}`, device),
        given: mapConditions(given, (t) => t.narrow(0, 0, rows.size(0))),
      });
      return { states: states.to({ device: "cpu" }).keep(), times };
    }),
  );
}

async function writePaths(
  carried: Evaluation["carried"],
  painter: Painter,
  scene: Scene,
): Promise<void> {
  const { id, sampler, config, run } = scene;
  const { states, times } = pathsOf(carried, config.plot_npar_path, scene);
  const frames = times.map((time, k) => tidy(() => painter(states.select(0, k), time)));
  states.dispose();
  const { shape } = frames[0] as Painted;
  const way = carried.at.direction === "f" ? "forward" : "backward";
  run.saveFile(
    `samples/${id}_path.png`,
    await pathStrip({
      path: Uint8Array.from(Buffer.concat(frames.map(({ images }) => images))),
      shape: [times.length, ...shape],
      times,
      title: `Paths of the ${processOf(sampler)} ${way}`,
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
async function writePairs({ id, config, ends, run, pairs }: Scene): Promise<void> {
  const rows = pairs?.(config.plot_npar_path);
  if (!rows) return;
  try {
    const { x0, x1 } = rows;
    const painter = painterOf(ends, [
      { x: x0, side: "x0" },
      { x: x1, side: "x1" },
    ]);
    run.saveFile(
      `samples/${id}_pairs.png`,
      await imageGrid({
        ...alternate(painter(x0, 0), painter(x1, 1)),
        columns: 2,
        columnTitles: ["x0", "x1"],
        title: "Training pairs",
      }),
    );
  } finally {
    for (const t of [rows.x0, rows.x1]) t.dispose();
  }
}

/** An image of each, then the next of each. */
function alternate(a: Painted, b: Painted): Painted {
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

/** Starts whose paths are drawn in a scatter plot. */
const mostPaths = 400;

/**
 * Vectors at several times: their first two coordinates, as the benchmark draws them, or of other data with more than
 * two the first two principal components.
 */
async function scatter(
  carried: Evaluation["carried"],
  scene: Scene,
): Promise<[name: string, png: Buffer]> {
  const { id, sampler, ends, run, config } = scene;
  const { start, end, data, split } = carried;
  const { direction } = carried.at;
  const { states, times } = pathsOf(carried, mostPaths, scene);
  const points = tidy(() => {
    const [source, target] = direction === "f" ? [start, data] : [data, start];
    const isPlain = source.size(1) <= 2 || ends.exact !== null;
    const passed = ends.between.map((one, i) => {
      const time = ends.chain?.times[i + 1] as number;
      const at = times.findIndex((t) => Math.abs(t - time) < 1e-9);
      const rows = testRows(one, mostPaths, config.seed, split).to({ device: "cpu" });
      return { name: nameOf(one.name), time, data: rows, generated: states.select(0, at) };
    });
    const all = [source, ...passed.map((one) => one.data), target];
    const axes = isPlain ? null : principalComponents(cat(all), { k: 2 });
    const between = direction === "f" ? passed : passed.toReversed();
    const path = { states, times };
    const found = pointsOf({ direction, start, end, data, path, between, axes });
    axes?.dispose();
    return found;
  });
  states.dispose();
  run.saveFile(`samples/${id}_points.json`, `${JSON.stringify(points)}\n`);
  const way = direction === "f" ? "forward" : "backward";
  const title = `Samples of the ${processOf(sampler)} ${way}`;
  const svg = await scatterFigure(points, { direction, title });
  run.saveFile(`samples/${id}_scatter.svg`, svg);
  return ["scatter", await svgToPng(svg)];
}
