// Routes from a coarse model to fine rain: each held-out season is corrected by runs that were trained on the other months.
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isFinished, listRuns } from "@dsbm/runs";
import { io, tidy } from "@dsbm/torch";
import type { CommandLine } from "../checks/runs.js";
import {
  coarseCells,
  coarsePlanes,
  fineTile,
  interpolateTile,
  modelledRain,
  type Planes,
  type Rain,
  rainFile,
  readRain,
  type Tile,
  tilesOf,
  writeTiles,
} from "./rain.js";
import type { MonthTiles } from "./scores.js";

/** The study measures by itself. */
const quietWords = ["plot_level=0", "metrics.judge=false", "test_npar=16"];
/** One iteration forward, in few steps. */
const trainedWords = ["fb_sequence=[f]", "n_ipf=1", "num_steps=10", "batch_size=32"];

/** Options of all runs: rain is not negative, and heavy rain is far off. */
const usualWords = [
  "data.transform=sqrt",
  "data.range=pr:0..",
  "threads=1",
  "max_minutes=null",
  ...quietWords,
];

/** The runs of a fold: the files of `dsbm fit`, and its options. */
const runWords = {
  mapping: ["model_coarse", "observed_coarse", "method=quantile_mapping"],
  gaussian: ["model_coarse", "observed_coarse", "method=gaussian_bridge"],
  correct: ["model_coarse", "observed_coarse", "precondition=true"],
  fine_mapping: ["model_fine", "observed_fine", "method=quantile_mapping"],
  single: ["model_fine", "observed_fine"],
  refine: ["observed_fine", "observed_fine", "data.coarsen=mean:4", "pairs=rows"],
  season_correct: ["model_coarse", "observed_coarse", "precondition=true", "data.season=true"],
  season_refine: [
    ...["observed_fine", "observed_fine", "data.coarsen=mean:4", "pairs=rows"],
    "data.season=true",
  ],
} as const satisfies Record<string, readonly string[]>;

/** The name of a run. */
export type RunName = keyof typeof runWords;

/** A route from the model to fine rain. */
export interface Route {
  name: string;
  /** Runs in a row; none: the model itself. */
  runs: readonly RunName[];
  /** Whether the output is coarse and is interpolated. */
  interpolates?: boolean;
  /** Whether it is quantile mapping, which others are compared with. */
  isBaseline?: boolean;
}

/** All routes, in the order of the table. */
export const routes: readonly Route[] = [
  { name: "the model, interpolated", runs: [], interpolates: true },
  {
    name: "quantile mapping, interpolated",
    runs: ["mapping"],
    interpolates: true,
    isBaseline: true,
  },
  { name: "interpolated, quantile mapping", runs: ["fine_mapping"], isBaseline: true },
  { name: "one bridge", runs: ["single"] },
  { name: "quantile mapping, then a bridge", runs: ["mapping", "refine"] },
  { name: "Gaussian bridge, then a bridge", runs: ["gaussian", "refine"] },
  { name: "two bridges", runs: ["correct", "refine"] },
  { name: "two bridges with season", runs: ["season_correct", "season_refine"] },
];

/** How much is trained and sampled. */
export interface StudySize {
  folds: number;
  /** Training steps of a half-iteration. */
  steps: number;
  members: number;
  /** Coarse cells between held-out tiles, and between training tiles. */
  stride: { test: number; train: number };
}

/** What the study needs of its caller. */
export interface StudyWork {
  folder: string;
  line: CommandLine;
  say(text: string): void;
}

/** The commands that train the runs of a fold, as they are typed in its folder. */
export const commandsOf = ({ steps }: Pick<StudySize, "steps">): Record<RunName, string[]> =>
  Object.fromEntries(
    Object.entries(runWords).map(([name, [source, target, ...words]]) => {
      const isTrained = !words.some((word) => word.startsWith("method="));
      const length = isTrained ? [...trainedWords, `num_iter=${steps}`] : [];
      return [
        name,
        ["fit", `${source}.nc`, `${target}.nc`, ...words, ...length, ...usualWords, `name=${name}`],
      ];
    }),
  ) as Record<RunName, string[]>;

/**
 * The tiles of held-out months by route, in the order of the months.
 * @throws the errors of commands.
 */
export async function studyRoutes(
  size: StudySize,
  work: StudyWork,
): Promise<{ rain: Rain; results: Map<string, MonthTiles[]> }> {
  const rain = await readRain(rainFile(work.folder));
  const coarse = coarsePlanes(rain);
  const planes = { rain, coarse, model: modelledRain(coarse) };
  const months = Array.from(new Set(tilesOf(rain, 4).map(({ month }) => month)));
  const results = new Map<string, MonthTiles[]>(routes.map(({ name }) => [name, []]));
  for (let fold = 0; fold < size.folds; fold++) {
    const held = months.filter((month) => month % size.folds === fold);
    const place = join(work.folder, `fold-${fold + 1}`);
    await writeFold(place, planes, { held, size });
    for (const [name, words] of Object.entries(commandsOf(size)))
      await trainRun(name as RunName, words, { ...work, place });
    const tiles = tilesOf(rain, size.stride.test).filter(({ month }) => held.includes(month));
    for (const route of routes) {
      const members = await generate(route, { place, tiles, planes, size, work });
      for (const month of held) {
        const isHere = (_: unknown, i: number) => tiles[i]?.month === month;
        results.get(route.name)?.push({
          tiles: tiles.filter(isHere),
          truth: tiles.filter(isHere).map((tile) => fineTile(rain, tile)),
          members: members.map((one) => one.filter(isHere)),
        });
      }
    }
  }
  return { rain, results };
}

interface StudyPlanes {
  rain: Rain;
  coarse: Planes;
  model: Planes;
}

/** Writes the files of a fold: the training months, and the model of the held-out months. */
async function writeFold(
  place: string,
  { rain, coarse, model }: StudyPlanes,
  { held, size: { stride } }: { held: readonly number[]; size: StudySize },
): Promise<void> {
  mkdirSync(place, { recursive: true });
  const tilesIn = (step: number, isHeld: boolean) =>
    tilesOf(rain, step).filter(({ month }) => held.includes(month) === isHeld);
  const train = tilesIn(stride.train, false);
  const test = tilesIn(stride.test, true);
  const coarseModel = (tiles: readonly Tile[]) => tiles.map((tile) => coarseCells(model, tile));
  const files: Record<string, [of: Tile[], tiles: Float32Array[]]> = {
    model_coarse: [train, coarseModel(train)],
    model_fine: [train, coarseModel(train).map(interpolateTile)],
    observed_coarse: [train, train.map((tile) => coarseCells(coarse, tile))],
    observed_fine: [train, train.map((tile) => fineTile(rain, tile))],
    new_coarse: [test, coarseModel(test)],
    new_fine: [test, coarseModel(test).map(interpolateTile)],
  };
  for (const [name, [of, tiles]] of Object.entries(files)) {
    const path = join(place, `${name}.nc`);
    const months = of.map(({ month }) => month);
    if (!existsSync(path)) await writeTiles(path, tiles, months);
  }
}

/** The folder of a run of a fold. */
const runFolder = (place: string, name: RunName): string | undefined =>
  listRuns(join(place, name))[0];

/**
 * Trains a run unless it is finished.
 * @throws an error with the command's message.
 */
async function trainRun(
  name: RunName,
  [command, source, target, ...words]: readonly string[],
  { line, say, place }: StudyWork & { place: string },
): Promise<void> {
  const known = runFolder(place, name);
  if (known !== undefined && isFinished(known)) return;
  say(`training ${name} in ${place}`);
  const files = [source, target].map((file) => join(place, file as string));
  const { code, stderr } = await line(
    ...[command as string, ...files, ...words],
    `experiments_dir='${place}'`,
  );
  if (code) throw new Error(stderr);
}

interface Generation {
  place: string;
  tiles: readonly Tile[];
  planes: StudyPlanes;
  size: StudySize;
  work: StudyWork;
}

/** What a route makes of the model of tiles, [members][tiles]. */
async function generate(
  { name, runs, interpolates = false }: Route,
  { place, tiles, planes, size, work }: Generation,
): Promise<Float32Array[][]> {
  const [first, second] = runs;
  if (!first) return [tiles.map((tile) => interpolateTile(coarseCells(planes.model, tile)))];
  const isStochastic = !runs.every((run) => run.endsWith("mapping"));
  const input = join(
    place,
    first === "single" || first === "fine_mapping" ? "new_fine.nc" : "new_coarse.nc",
  );
  const output = join(place, `${runs.join("-")}.npy`);
  if (!existsSync(output)) {
    work.say(`sampling ${name}`);
    const { code, stderr } = await work.line(
      "sample",
      runFolder(place, first) as string,
      input,
      output,
      ...(second ? [`then='${runFolder(place, second)}'`] : []),
      ...(isStochastic ? [`members=${size.members}`] : []),
      "threads=1",
    );
    if (code) throw new Error(stderr);
  }
  const members = readMembers(output, tiles.length);
  return interpolates ? members.map((one) => one.map(interpolateTile)) : members;
}

/** A tile with its rows in the other order: files of tiles count y upwards, and arrays of samples begin in the north. */
function flipRows(tile: Float32Array, width: number): Float32Array {
  const last = tile.length / width - 1;
  return tile.map(
    (_, at) => tile[(last - Math.floor(at / width)) * width + (at % width)] as number,
  );
}

/** The tiles of an array [members, n, 1, H, W] or [n, 1, H, W]. */
const readMembers = (path: string, n: number): Float32Array[][] =>
  tidy(() => {
    const x = io.fromRaw(io.npy.decode(readFileSync(path)));
    const [height, width] = x.shape.slice(-2) as [number, number];
    const values = Float32Array.from(x.to("float32").contiguous().toNumbers());
    const area = height * width;
    return Array.from({ length: values.length / (n * area) }, (_, member) =>
      Array.from({ length: n }, (_, i) => {
        const at = (member * n + i) * area;
        return flipRows(values.subarray(at, at + area), width);
      }),
    );
  });
