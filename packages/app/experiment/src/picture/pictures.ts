import { encodeImages, mapConditions } from "@dsbm/bridge";
import { principalComponents } from "@dsbm/data";
import {
  type Datasets,
  gaussianName,
  isVectors,
  marginalsOf,
  shortName,
  testRows,
} from "@dsbm/datasets";
import { atTime, type Evaluation, fieldSpectra, keepOnProcessor } from "@dsbm/evaluation";
import { timeScale } from "@dsbm/inference";
import {
  animatedGrid,
  directionNames,
  imageGrid,
  pathStrip,
  type RunWriter,
  scatterFigure,
  spectrumFigure,
  svgToPng,
  toJson,
} from "@dsbm/runs";
import { cat, full, type Tensor, tidy } from "@dsbm/torch";
import { courseOf, placeIn, pointsOf } from "./points.js";

interface PictureTarget {
  /** The beginning of the files' names. */
  id: string;
  run: Pick<RunWriter, "paths" | "saveFile">;
}

type DrawnEvaluation = Pick<Evaluation, "at" | "set" | "context">;

type Stills = [name: string, png: Buffer][];

const titles = { x0: "Source", x1: "Target" };

const first = (rows: Tensor, n: number) => rows.narrow(0, 0, Math.min(n, rows.size(0)));

const configOf = ({ context }: DrawnEvaluation) => context.subject.trained.config;

/**
 * Writes spectra of fields and images under samples/. plot_level 1: source rows, generated samples
 * and data; 2: also paths and their animation. Returns the stills as PNG,
 * by name.
 */
export async function writeEvaluationPictures(
  evaluation: DrawnEvaluation,
  target: PictureTarget,
): Promise<Stills> {
  const { id, run } = target;
  const { datasets } = evaluation.context.subject;
  const { plot_level, metrics } = configOf(evaluation);
  const stills: Stills = [];
  if (plot_level >= 1 && hasPictures(datasets)) stills.push(...(await grids(evaluation, target)));
  if (metrics.spectrum && !isVectors(datasets)) {
    const png = await writeSpectra(evaluation, target);
    if (plot_level >= 1) stills.push(["spectrum", png]);
  }
  if (plot_level >= 1 && isVectors(datasets)) stills.push(await scatter(evaluation, target));
  for (const [name, png] of stills) run.saveFile(`samples/${id}_${name}.png`, png);
  return stills;
}

async function grids(evaluation: DrawnEvaluation, target: PictureTarget): Promise<Stills> {
  const { at, set, context } = evaluation;
  const { datasets } = context.subject;
  const { split } = context.options;
  const config = configOf(evaluation);
  const { from, side } = set;
  const drawn = tidy(() => {
    const cut = (x: Tensor) => first(x, config.plot_npar);
    const start = cut(set.start);
    const end = cut(set.end);
    const data = cut(set.data);
    const painter = painterOf(datasets, [
      { x: start, side: from },
      { x: data, side },
    ]);
    const [t0, t1] = at.direction === "f" ? [0, 1] : [1, 0];
    const between = datasets.between.map((one, i) => {
      const time = datasets.chain?.times[i + 1] as number;
      const rows = cut(testRows(one, start.size(0), config.seed, split)).to({ device: "cpu" });
      return { name: atTime(config, one.name, time), shown: painter(rows, time) };
    });
    return {
      painter,
      between,
      start: painter(start, t0),
      end: painter(end, t1),
      data: painter(data, t1),
    };
  });
  const where = split === "test" ? "held out" : "trained on";
  const stills: Stills = [
    ["start", await grid(drawn.start, `${titles[from]} (${where})`)],
    ["end", await grid(drawn.end, "Generated samples of the bridge")],
    ["data", await grid(drawn.data, `${titles[side]} (${where})`)],
  ];
  for (const [i, { name, shown }] of drawn.between.entries())
    stills.push([`between_${i + 1}`, await grid(shown, `${name} (${where})`)]);
  if (config.plot_level >= 2 && !context.options.clock.isUp)
    await writePaths(evaluation, drawn.painter, target);
  return stills;
}

function grid(painted: Painted, title: string): Promise<Buffer> {
  return imageGrid({ ...painted, columns: Math.ceil(Math.sqrt(painted.shape[0])), title });
}

/** Paths of the first `n` source rows: states [T, n, …] on the processor, and mean masses. */
async function pathsOf({ set, context }: DrawnEvaluation, n: number) {
  const { direction, sampling, start, conditions } = set;
  const { solver, grid, ode_tol = null, ode_step_size = null } = sampling;
  const rows = first(start, n);
  const { states, times, weights } = await context.subject.bridge.paths(rows, {
    direction,
    solver,
    grid,
    ode_tol,
    ode_step_size,
    seed: context.options.seed,
    conditions: mapConditions(conditions, (t) => first(t, rows.size(0))),
    purpose: `quality/${direction}/there`,
  });
  const masses = weights && tidy(() => weights.mean(1).toNumbers());
  const onProcessor = keepOnProcessor(() => states);
  for (const t of [states, weights]) t?.dispose();
  return { states: onProcessor, times, masses };
}

async function writePaths(
  evaluation: DrawnEvaluation,
  painter: Painter,
  { id, run }: PictureTarget,
): Promise<void> {
  const config = configOf(evaluation);
  const { states, times } = await pathsOf(evaluation, config.plot_npar_path);
  const frames = times.map((time, k) => tidy(() => painter(states.select(0, k), time)));
  states.dispose();
  const { shape } = frames[0];
  run.saveFile(
    `samples/${id}_path.png`,
    await pathStrip({
      path: Uint8Array.from(Buffer.concat(frames.map(({ images }) => images))),
      shape: [times.length, ...shape],
      times,
      title: `Paths of the bridge ${directionNames[evaluation.at.direction]}`,
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

const mostPaths = 400;

async function scatter(
  evaluation: DrawnEvaluation,
  { id, run }: PictureTarget,
): Promise<[name: string, png: Buffer]> {
  const { start, end, data, direction } = evaluation.set;
  const { subject, options: measuring } = evaluation.context;
  const { datasets } = subject;
  const { states, times, masses } = await pathsOf(evaluation, mostPaths);
  const { config } = subject.trained;
  const scale = timeScale(config) ?? { from: 0, length: 1 };
  const { points, axes } = tidy(() => {
    const [source, target] = direction === "f" ? [start, data] : [data, start];
    const isPlain = source.size(1) <= 2 || datasets.exact !== null;
    const passed = datasets.between.map((one, i) => {
      const time = datasets.chain?.times[i + 1] as number;
      const at = times.findIndex((t) => Math.abs(t - time) < 1e-9);
      const rows = testRows(one, mostPaths, measuring.seed, measuring.split).to({ device: "cpu" });
      const name = config.data.split_by === null ? shortName(one.name) : "";
      const timeInUnits = scale.from + scale.length * time;
      return { name, time: timeInUnits, data: rows, generated: states.select(0, at) };
    });
    const all = [source, ...passed.map((one) => one.data), target];
    const axes = isPlain ? null : principalComponents(cat(all), { k: 2 });
    const between = direction === "f" ? passed : passed.toReversed();
    const path = { states, times };
    axes?.basis.keep();
    return { axes, points: pointsOf({ direction, start, end, data, path, between, axes }) };
  });
  const dated = marginalsOf(datasets).map((one, i) => ({
    x: keepOnProcessor(() => testRows(one, mostPaths, measuring.seed, measuring.split)),
    time: datasets.chain?.times[i] ?? i,
  }));
  const [first, last] = [0, -1].map((k) => states.select(0, k));
  try {
    const course = await courseOf({
      direction,
      bridge: subject.bridge,
      datasets,
      seed: measuring.seed,
      dated,
      times,
      masses,
      start: first,
      end: last,
      place: placeIn({ direction, start, data, axes }),
    });
    if (course) points.course = course;
  } finally {
    for (const t of [states, first, last, axes?.basis, ...dated.map(({ x }) => x)]) t?.dispose();
  }
  run.saveFile(`samples/${id}_points.json`, `${toJson(points)}\n`);
  const name = directionNames[direction];
  const svg = await scatterFigure(points, { direction, title: `Samples of the bridge ${name}` });
  run.saveFile(`samples/${id}_scatter.svg`, svg);
  return ["scatter", await svgToPng(svg)];
}

/** Returns the figure as PNG. */
async function writeSpectra(
  { set, context }: DrawnEvaluation,
  { id, run }: PictureTarget,
): Promise<Buffer> {
  const { start, end, data } = fieldSpectra(set, context);
  const svg = await spectrumFigure({
    title: `Energy spectra of the bridge to ${set.side}`,
    series: [
      { name: "source", ...start },
      { name: "target", ...data },
      { name: "generated", ...end },
    ],
  });
  run.saveFile(`samples/${id}_spectrum.svg`, svg);
  return svgToPng(svg);
}

type Shape = [n: number, channels: number, height: number, width: number];

/** Bytes of grids with 1 or 3 channels. */
interface Painted {
  images: Uint8Array;
  shape: Shape;
}

/**
 * Draws samples [n, …] of a process time. Unless there are 1 or 3 channels, they are drawn side by
 * side.
 */
type Painter = (x: Tensor, time: number) => Painted;

const gap = 1;

const hasPictures = ({ shape, projection }: Datasets): boolean =>
  shape.length === 3 || projection?.shape.length === 3;

/**
 * The painter of an evaluation. Images use −1 … 1. Fields use the range of each data channel among
 * `given`, so that source, samples and data are comparable.
 */
export function painterOf(
  datasets: Datasets,
  samples: readonly { x: Tensor; side: "x0" | "x1" }[],
): Painter {
  const real = samples.filter(({ side }) => datasets[side].name !== gaussianName);
  const fields =
    datasets.projection === null && real.some(({ side }) => datasets[side].train.dtype !== "uint8");
  const ranges = fields
    ? tidy(() =>
        rangesOf(cat(real.map(({ x, side }) => physical(datasets, x, side === "x0" ? 0 : 1)))),
      )
    : null;
  return (x, time) =>
    tidy(() => {
      const fields = physical(datasets, x, time);
      const [, channels] = fields.shape as Shape;
      const levels = ranges ? levelsOf(fields, ranges) : fields;
      const flat = channels === 1 || channels === 3 ? levels : sideBySide(levels);
      return {
        images: encodeImages(flat).contiguous().toArray() as Uint8Array,
        shape: flat.shape as Shape,
      };
    });
}

function physical({ x0, x1 }: Datasets, x: Tensor, time: number): Tensor {
  const at0 = x0.shown;
  const at1 = x1.shown;
  if (!at0 || !at1) return (at0 ?? at1)?.(x) ?? x;
  if (time === 0) return at0(x);
  return time === 1 ? at1(x) : at0(x).lerp(at1(x), time);
}

/** The least and the greatest value of each channel. */
function rangesOf(x: Tensor): [number, number][] {
  const channels = x.nanToNum().transpose(0, 1).flatten({ startDim: 1 });
  const highs = channels.amax({ dim: 1 }).toNumbers();
  const lows = channels.amin({ dim: 1 }).toNumbers();
  return lows.map((low, c) => [low, highs[c]]);
}

function levelsOf(x: Tensor, ranges: readonly [number, number][]): Tensor {
  return cat(
    ranges.map(([low, high], c) => {
      const half = (high - low) / 2;
      return x
        .narrow(1, c, 1)
        .sub((low + high) / 2)
        .div(half > 0 ? half : 1);
    }),
    { dim: 1 },
  );
}

/** [n, C, H, W] as [n, 1, H, C·W] with white between the channels. */
function sideBySide(x: Tensor): Tensor {
  const [n, channels, height] = x.shape as Shape;
  const white = full([n, 1, height, gap], 1, { dtype: x.dtype, device: x.device });
  const parts = Array.from({ length: channels }, (_, c) => x.narrow(1, c, 1));
  return cat(
    parts.flatMap((part, c) => (c === 0 ? [part] : [white, part])),
    { dim: 3 },
  );
}
