// How generated rain is scored against the rain of the same months, with intervals over months.
import {
  bandError,
  columnWasserstein,
  crps,
  isotropicSpectrum,
  octaves,
  type Spectrum,
} from "@dsbm/bridge";
import { blockMeans } from "@dsbm/data";
import { Generator, randint, tensor, tidy } from "@dsbm/torch";
import { block, joinPlanes, type Tile, tileSize } from "./rain.js";

/** The scores of a route, all the lower the better. */
export const scoreNames = {
  pixel_w1: "W1 of cells",
  spectrum: "error of the spectrum",
  rmse: "RMSE",
  coarse_w1: "W1 of coarse cells",
  crps: "CRPS",
} as const;

/** The name of a score. */
export type ScoreName = keyof typeof scoreNames;

/** Tiles of one month: the truth, and what a route made of its model, member by member. */
export interface MonthTiles {
  tiles: readonly Tile[];
  truth: readonly Float32Array[];
  /** [members][tiles]. */
  members: readonly (readonly Float32Array[])[];
}

/** What the scores of any months are summed from. */
interface MonthFacts {
  cells: { truth: Float32Array; generated: Float32Array };
  coarse: { truth: Float32Array; generated: Float32Array };
  spectra: { truth: Spectrum; generated: Spectrum };
  squares: number;
  crps: number;
  count: number;
}

const size = [tileSize, tileSize] as const;

const spectrumOf = (tiles: readonly Float32Array[]): Spectrum =>
  tidy(() => isotropicSpectrum(tensor(joinPlanes(tiles), { shape: [tiles.length, 1, ...size] })));

/** The sums of a month. */
export function monthFacts({ truth, members }: MonthTiles): MonthFacts {
  const drawn = members.map(joinPlanes);
  const [first = new Float32Array()] = drawn;
  const real = joinPlanes(truth);
  const squares = real.reduce((sum, value, cell) => {
    const mean = drawn.reduce((total, one) => total + (one[cell] as number), 0) / drawn.length;
    return sum + (mean - value) ** 2;
  }, 0);
  const absolute = () => real.reduce((sum, value, cell) => sum + Math.abs(first[cell]! - value), 0);
  return {
    cells: { truth: real, generated: first },
    coarse: { truth: blockMeans(real, size, block), generated: blockMeans(first, size, block) },
    spectra: { truth: spectrumOf(truth), generated: spectrumOf(members[0] ?? []) },
    squares,
    crps: drawn.length > 1 ? scoreSum(drawn, real) : absolute(),
    count: real.length,
  };
}

const scoreSum = (drawn: readonly Float32Array[], real: Float32Array): number =>
  tidy(() => {
    const members = tensor(joinPlanes(drawn), { shape: [drawn.length, real.length] });
    return crps(members, tensor(real)).sum().item();
  });

/** The 1-Wasserstein distance of the numbers of months. */
function distanceOf(pairs: readonly { truth: Float32Array; generated: Float32Array }[]): number {
  const column = (of: "truth" | "generated") => {
    const numbers = joinPlanes(pairs.map((one) => one[of]));
    return tensor(numbers, { shape: [numbers.length, 1] });
  };
  return tidy(() => columnWasserstein(column("truth"), column("generated"))[0] as number);
}

/** The mean spectrum of months. */
function meanSpectrum(spectra: readonly Spectrum[]): Spectrum {
  const [{ k } = { k: [] }] = spectra;
  const energy = k.map(
    (_, i) => spectra.reduce((sum, one) => sum + (one.energy[0]?.[i] ?? 0), 0) / spectra.length,
  );
  return { k, energy: [energy] };
}

/** The scores of months. */
export function scoresOf(months: readonly MonthFacts[]): Record<ScoreName, number> {
  const sum = (of: (month: MonthFacts) => number) => months.reduce((s, one) => s + of(one), 0);
  const count = sum((one) => one.count);
  const [generated, truth] = (["generated", "truth"] as const).map((of) =>
    meanSpectrum(months.map(({ spectra }) => spectra[of])),
  ) as [Spectrum, Spectrum];
  const errors = bandError(generated, truth, octaves(truth.k.length)).flat();
  return {
    pixel_w1: distanceOf(months.map(({ cells }) => cells)),
    spectrum: errors.reduce((a, b) => a + b, 0) / errors.length,
    rmse: Math.sqrt(sum((one) => one.squares) / count),
    coarse_w1: distanceOf(months.map(({ coarse }) => coarse)),
    crps: sum((one) => one.crps) / count,
  };
}

const resamples = 200;

/** The scores of resampled months, the same months for all routes. */
export function resampledScores(months: readonly MonthFacts[]): Record<ScoreName, number>[] {
  const n = months.length;
  const rows = tidy(() =>
    randint(0, n, [resamples, n], { generator: Generator.create(7) }).toNumbers(),
  );
  return Array.from({ length: resamples }, (_, k) =>
    scoresOf(Array.from({ length: n }, (_, i) => months[Number(rows[k * n + i])] as MonthFacts)),
  );
}

/** The middle 95 % of numbers. */
export function middleOf(numbers: readonly number[]): [low: number, high: number] {
  const sorted = numbers.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return [at(0.025), at(0.975)];
}
