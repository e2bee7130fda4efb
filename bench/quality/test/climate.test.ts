// The study of rain on synthetic planes, where scores and interpolations are known.
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import {
  coarseCells,
  coarsePlanes,
  fineTile,
  interpolateTile,
  modelErrors,
  modelledRain,
  type Planes,
  tilesOf,
} from "../src/climate/rain.js";
import { monthFacts, resampledScores, scoresOf } from "../src/climate/scores.js";

beforeAll(() => setNumThreads(1));

const size = [16, 24] as const;
const area = size[0] * size[1];

/** Two months of rain by row and column; the last column is sea. */
const planesOf = (value: (row: number, column: number) => number): Planes => ({
  size,
  values: Float32Array.from({ length: 2 * area }, (_, at) => {
    const column = at % size[1];
    return column === size[1] - 1 ? Number.NaN : value(Math.floor(at / size[1]) % size[0], column);
  }),
});

it("tiles have no sea, begin at coarse cells, and hold their months", () => {
  const rain = planesOf((row, column) => row + 100 * column);
  const tiles = tilesOf(rain, 1);
  expect(tiles.map(({ month, column }) => [month, column])).toEqual([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ]);
  const [, second] = tiles;
  if (second) expect(fineTile(rain, second)[0]).toBe(400);
});

it("the interpolation of a linear field is linear between the centres of coarse cells", () => {
  const rain = planesOf((_, column) => column);
  const [tile] = tilesOf(rain, 1);
  const fine = interpolateTile(coarseCells(coarsePlanes(rain), tile!));
  // The centre of the first coarse cell lies between its second and third cell.
  expect(Array.from(fine.subarray(0, 8))).toEqual([1.5, 1.5, 2, 3, 4, 5, 6, 7]);
});

it("the model of even rain is wetter, and its weather has the stated deviation", () => {
  const { values } = modelledRain(coarsePlanes(planesOf(() => 50)));
  const logs = Array.from(values, (value) => Math.log(value / (modelErrors.wetness * 50)));
  const deviation = Math.sqrt(logs.reduce((sum, one) => sum + one ** 2, 0) / logs.length);
  expect(deviation).toBeCloseTo(modelErrors.weather, 2);
});

it("scores of shifted rain are the shift, apart from the spectrum, and 0 of the rain itself", () => {
  const rain = planesOf((row, column) => ((7 * row) % 5) + ((3 * column) % 4));
  const tiles = tilesOf(rain, 1);
  const truth = tiles.map((tile) => fineTile(rain, tile));
  const shifted = truth.map((tile) => tile.map((value) => value + 2));
  const scores = (members: Float32Array[][]) => scoresOf([monthFacts({ tiles, truth, members })]);
  const zero = { pixel_w1: 0, spectrum: 0, rmse: 0, coarse_w1: 0, crps: 0 };
  expect(scores([truth])).toEqual(zero);
  const shift = scores([shifted, shifted]);
  for (const [name, value] of Object.entries(shift))
    expect(value, name).toBeCloseTo(name === "spectrum" ? 0 : 2, 5);
  // Two members around the truth: their mean is right, and they score as two draws.
  const below = truth.map((tile) => tile.map((value) => value - 2));
  expect(scores([shifted, below])).toMatchObject({ rmse: 0, crps: 0, pixel_w1: 2 });
  const facts = [monthFacts({ tiles, truth, members: [truth] })];
  expect(resampledScores(facts)[0]).toEqual(zero);
});
