import { type Datasets, gaussianName, isVectors, testRows } from "@dsbm/datasets";
import { atTime, fieldSpectra, nearestTraining } from "@dsbm/evaluation";
import {
  animatedGrid,
  directionNames,
  imageGrid,
  pathStrip,
  spectrumFigure,
  svgToPng,
} from "@dsbm/runs";
import { type Tensor, tidy } from "@dsbm/torch";
import { writeConditionGrids } from "./condition-grids.js";
import {
  type DrawnEvaluation,
  type EvaluationFiles,
  firstRows,
  pathsOf,
} from "./drawn-evaluation.js";
import { writeMaps } from "./maps.js";
import { type Painted, type Painter, painterOf } from "./painter.js";
import { writeScatter } from "./scatter.js";

type Stills = [name: string, png: Buffer][];

const titles = { x0: "Source", x1: "Target" };

const configOf = ({ context }: DrawnEvaluation) => context.subject.trained.config;

/**
 * Writes spectra of fields and images under samples/. plot_level 1: source rows, generated samples
 * and data; 2: also paths and their animation. Returns the stills as PNG,
 * by name.
 */
export async function writeEvaluationPictures(
  evaluation: DrawnEvaluation,
  files: EvaluationFiles,
): Promise<Stills> {
  const { id, run } = files;
  const { datasets } = evaluation.context.subject;
  const { plot_level, metrics } = configOf(evaluation);
  const stills: Stills = [];
  const keep = (name: string, png: Buffer | null) => void (png && stills.push([name, png]));
  if (plot_level >= 1 && datasets.channels) stills.push(...(await writeMaps(evaluation, files)));
  else if (plot_level >= 1 && hasPictures(datasets))
    stills.push(...(await grids(evaluation, files)));
  if (metrics.spectrum && !isVectors(datasets)) {
    const png = await writeSpectra(evaluation, files);
    if (plot_level >= 1) keep("spectrum", png);
  }
  if (plot_level >= 1 && isVectors(datasets))
    keep("scatter", await writeScatter(evaluation, files));
  for (const [name, png] of stills) run.saveFile(`samples/${id}_${name}.png`, png);
  return stills;
}

async function grids(evaluation: DrawnEvaluation, files: EvaluationFiles): Promise<Stills> {
  const { at, set, context } = evaluation;
  const { datasets } = context.subject;
  const { split } = context.options;
  const config = configOf(evaluation);
  const { source, target } = set;
  const drawn = tidy(() => {
    const cut = (x: Tensor) => firstRows(x, config.plot_npar);
    const start = cut(set.sourceRows);
    const end = cut(set.generatedRows);
    const data = cut(set.targetRows);
    const painter = painterOf(datasets, [
      { x: start, side: source },
      { x: data, side: target },
    ]);
    const [t0, t1] = at.direction === "f" ? [0, 1] : [1, 0];
    const back = context.subject.bridge.encoding;
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
      nearest: hasNearest(datasets, target)
        ? painter(nearestTraining(end, datasets[target]).images, t1)
        : null,
      reconstruction: back && painter(back.decode(back.encode(data)), t1),
    };
  });
  const where = split === "test" ? "held out" : "trained on";
  const stills: Stills = [
    ["start", await grid(drawn.start, `${titles[source]} (${where})`)],
    ["end", await grid(drawn.end, "Generated samples of the bridge")],
    ["data", await grid(drawn.data, `${titles[target]} (${where})`)],
  ];
  if (drawn.nearest)
    stills.push(["nearest", await grid(drawn.nearest, "Nearest training image of each sample")]);
  if (drawn.reconstruction)
    stills.push([
      "reconstruction",
      await grid(drawn.reconstruction, `${titles[target]} (${where}) through the autoencoder`),
    ]);
  for (const [i, { name, shown }] of drawn.between.entries())
    stills.push([`between_${i + 1}`, await grid(shown, `${name} (${where})`)]);
  await writeConditionGrids(evaluation, drawn.painter, files);
  if (config.plot_level >= 2 && !context.options.clock.isUp)
    await writePaths(evaluation, drawn.painter, files);
  return stills;
}

function grid(painted: Painted, title: string): Promise<Buffer> {
  return imageGrid({ ...painted, columns: Math.ceil(Math.sqrt(painted.shape[0])), title });
}

async function writePaths(
  evaluation: DrawnEvaluation,
  painter: Painter,
  { id, run }: EvaluationFiles,
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

/** Returns the figure as PNG, or null without PNG. */
async function writeSpectra(
  { at, set, context }: DrawnEvaluation,
  { id, run }: EvaluationFiles,
): Promise<Buffer | null> {
  const { start, end, data } = fieldSpectra(set, context);
  const svg = await spectrumFigure({
    title: `Energy spectra, ${directionNames[at.direction]}`,
    series: [
      { name: "source", ...start },
      { name: "target", ...data },
      { name: "generated", ...end },
    ],
  });
  run.saveFile(`samples/${id}_spectrum.svg`, svg);
  return svgToPng(svg);
}

/** A Gaussian has no training images that a bridge could copy. */
const hasNearest = (datasets: Datasets, end: "x0" | "x1"): boolean =>
  !isVectors(datasets) && datasets[end].name !== gaussianName;

const hasPictures = ({ shape, projection }: Datasets): boolean =>
  shape.length === 3 || projection?.shape.length === 3;
