// Real rain: monthly sums of 1999 over the south-east of the USA on cells of an eighth of a degree, of Debian's package
// r-cran-stars, in tiles without sea; and a coarse model of it with known errors.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "@dsbm/config";
import { blockMeans, openFields, openNetcdfWriter } from "@dsbm/data";
import { Generator, randn, tidy } from "@dsbm/torch";

const packageName = "r-cran-stars";
const placeInPackage = "usr/lib/R/site-library/stars/nc/bcsd_obs_1999.nc";

/** Cells of a coarse cell a side, and cells of a tile a side. */
export const block = 4;
/** Cells of a tile a side. */
export const tileSize = 16;
/** Coarse cells of a tile a side. */
export const coarseTile = tileSize / block;

/** Planes [n, height, width], NaN over the sea. */
export interface Planes {
  values: Float32Array;
  size: readonly [height: number, width: number];
}

/** Monthly rain with the coordinates of its cells. */
export interface Rain extends Planes {
  latitudes: readonly number[];
  longitudes: readonly number[];
}

/** A part of a month without sea, by its first coarse cell. */
export interface Tile {
  month: number;
  row: number;
  column: number;
}

/**
 * The path of the file of rain: installed, or downloaded by apt into `folder` and unpacked there.
 * @throws {ConfigError} if apt cannot download the package
 */
export function rainFile(folder: string): string {
  const places = ["/", folder].map((root) => join(root, placeInPackage));
  const known = places.find((path) => existsSync(path));
  if (known) return known;
  mkdirSync(folder, { recursive: true });
  const tried = [
    spawnSync("apt-get", ["download", packageName], { cwd: folder, encoding: "utf8" }),
    ...readdirSync(folder)
      .filter((name) => name.startsWith(packageName))
      .map((name) => spawnSync("dpkg", ["-x", name, "."], { cwd: folder, encoding: "utf8" })),
  ];
  const [, unpacked] = places;
  if (unpacked !== undefined && existsSync(unpacked)) return unpacked;
  const problem = tried.map(({ error, stderr }) => error?.message ?? stderr).find(Boolean);
  throw new ConfigError(
    `benchmark climate needs the rain of Debian's package ${packageName}, and apt-get download failed (${problem?.trim().split("\n")[0]}): install it, or unpack it into ${folder}`,
  );
}

/**
 * Reads the monthly sums, cut to whole coarse cells.
 * @throws the errors of files.
 */
export async function readRain(path: string): Promise<Rain> {
  const file = await openFields(path, { variables: ["pr"], marks: [] });
  const { time, y, x } = file.grid;
  const values = await file.read(0, time.size);
  file.close();
  const [height, width] = [y.size, x.size].map((size) => block * Math.floor(size / block));
  const size = [height, width] as const;
  const all = { values, size: [y.size, x.size] as const };
  const months = Array.from({ length: time.size }, (_, month) =>
    cutPart(all, month, { row: 0, column: 0, size }),
  );
  const [latitudes, longitudes] = [y, x].map((axis) => axis.values ?? []) as [number[], number[]];
  return { values: joinPlanes(months), size, latitudes, longitudes };
}

/** Planes one after the other. */
export function joinPlanes(planes: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(planes.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const plane of planes) {
    joined.set(plane, at);
    at += plane.length;
  }
  return joined;
}

/** A part of one plane, by its first cell. */
export function cutPart(
  { values, size: [rows, columns] }: Planes,
  plane: number,
  { row, column, size: [height, width] }: Omit<Tile, "month"> & { size: Planes["size"] },
): Float32Array {
  const part = new Float32Array(height * width);
  for (let i = 0; i < height; i++) {
    const first = (plane * rows + row + i) * columns + column;
    part.set(values.subarray(first, first + width), i * width);
  }
  return part;
}

/** All tiles without sea whose first coarse cells are multiples of `stride`, month by month. */
export function tilesOf(rain: Planes, stride: number): Tile[] {
  const [rows, columns] = rain.size.map((size) => Math.floor(size / block) - coarseTile);
  const months = rain.values.length / (rain.size[0] * rain.size[1]);
  const tiles: Tile[] = [];
  for (let month = 0; month < months; month++)
    for (let row = 0; row <= rows; row += stride)
      for (let column = 0; column <= columns; column += stride) {
        const tile = { month, row, column };
        if (!fineTile(rain, tile).some(Number.isNaN)) tiles.push(tile);
      }
  return tiles;
}

/** The fine cells of a tile. */
export const fineTile = (rain: Planes, { month, row, column }: Tile): Float32Array =>
  cutPart(rain, month, { row: block * row, column: block * column, size: [tileSize, tileSize] });

/** The coarse cells of a tile. */
export const coarseCells = (coarse: Planes, { month, row, column }: Tile): Float32Array =>
  cutPart(coarse, month, { row, column, size: [coarseTile, coarseTile] });

/** Means of coarse cells. */
export const coarsePlanes = ({ values, size }: Planes): Planes => ({
  values: blockMeans(values, size, block),
  size: [size[0] / block, size[1] / block],
});

/** Weighted means over each cell and its eight neighbours, without the sea. */
function smoothPlanes({ values, size: [height, width] }: Planes): Planes {
  const weights = [1, 2, 1];
  const result = values.map((_, at) => {
    const plane = Math.floor(at / (height * width));
    const [i, j] = [Math.floor(at / width) % height, at % width];
    let sum = 0;
    let total = 0;
    for (const [a, v] of weights.entries())
      for (const [b, w] of weights.entries()) {
        const [row, column] = [i + a - 1, j + b - 1];
        if (row < 0 || column < 0 || row >= height || column >= width) continue;
        const value = values[(plane * height + row) * width + column] ?? Number.NaN;
        if (Number.isNaN(value)) continue;
        sum += v * w * value;
        total += v * w;
      }
    return total > 0 ? sum / total : Number.NaN;
  });
  return { values: result, size: [height, width] };
}

/** Errors of the model: too wet, too little contrast, and weather of its own. */
export const modelErrors = { wetness: 1.2, contrast: 0.8, weather: 0.25 } as const;

/** The coarse model of coarse rain: smoothed, with less contrast, wetter, and with smooth noise of its own. */
export function modelledRain(coarse: Planes): Planes {
  const { wetness, contrast, weather } = modelErrors;
  const land = coarse.values.filter((value) => !Number.isNaN(value));
  const mean = land.reduce((sum, value) => sum + value, 0) / land.length;
  const noise = smoothPlanes({
    values: tidy(() =>
      Float32Array.from(
        randn([coarse.values.length], { generator: Generator.create(1999) }).toNumbers(),
      ),
    ),
    size: coarse.size,
  });
  const deviation = Math.sqrt(
    noise.values.reduce((sum, value) => sum + value ** 2, 0) / noise.values.length,
  );
  const values = smoothPlanes(coarse).values.map((value, at) => {
    const own = (weather * (noise.values[at] ?? 0)) / deviation;
    return wetness * mean * (value / mean) ** contrast * Math.exp(own);
  });
  return { values, size: coarse.size };
}

/** A coarse tile on the fine grid, linear between the centres of coarse cells and constant beyond the outer ones. */
export function interpolateTile(coarse: Float32Array): Float32Array {
  const places = Array.from({ length: tileSize }, (_, i) => {
    const at = Math.min(coarseTile - 1, Math.max(0, (i + 0.5) / block - 0.5));
    const low = Math.min(Math.floor(at), coarseTile - 2);
    return { low, share: at - low };
  });
  return Float32Array.from({ length: tileSize ** 2 }, (_, cell) => {
    const y = places[Math.floor(cell / tileSize)] as (typeof places)[number];
    const x = places[cell % tileSize] as (typeof places)[number];
    const value = (i: number, j: number) => coarse[(y.low + i) * coarseTile + x.low + j] as number;
    const line = (i: number) => value(i, 0) + x.share * (value(i, 1) - value(i, 0));
    return line(0) + y.share * (line(1) - line(0));
  });
}

/**
 * Writes tiles of months, from 0, as a NetCDF file of rain, time × latitude × longitude: the time of a tile is the
 * middle of its month.
 * @throws the errors of the writer.
 */
export async function writeTiles(
  path: string,
  tiles: readonly Float32Array[],
  months: readonly number[],
): Promise<void> {
  const side = Math.sqrt(tiles[0]?.length ?? 0);
  const axis = (name: string, values: number[], attributes = {}) => ({
    ...{ name, size: values.length, values, attributes },
  });
  const cells = [...Array(side).keys()];
  const calendar = { units: "days since 1999-01-01", calendar: "360_day" };
  const days = months.map((month) => 30 * month + 15);
  const file = await openNetcdfWriter(path, {
    variables: [
      {
        name: "pr",
        attributes: { units: "mm/m" },
        axes: [axis("time", days, calendar), axis("y", cells), axis("x", cells)],
      },
    ],
    attributes: { Conventions: "CF-1.8", source: packageName },
  });
  const ranges: [number, number][] = [
    [0, tiles.length],
    [0, side],
    [0, side],
  ];
  file.put("pr", ranges, joinPlanes(tiles));
  file.close();
}
