// The spectra of an evaluation: errors by octave in spectrum.csv, and a figure.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Spectrum } from "@dsbm/bridge";
import { type BandRow, fieldSpectra, noEnergy, type Spectra } from "@dsbm/evaluation";
import { formatCsv, type Row, readCsv, spectrumFigure, svgToPng } from "@dsbm/runs";
import type { DrawnEvaluation, PictureTarget } from "./pictures.js";

/** Returns the figure as PNG. */
export async function writeSpectra(
  evaluation: DrawnEvaluation,
  { id, run }: Pick<PictureTarget, "id" | "run">,
): Promise<Buffer> {
  const { at, set, context } = evaluation;
  const { spectra, bands } = fieldSpectra(set, context);
  const path = join(run.paths.folder, "spectrum.csv");
  const before = existsSync(path) ? readCsv(path).rows : [];
  const place = { half_iteration: at.half, direction: at.direction, step: at.step };
  const rows = withBands(before, place, bands);
  run.saveFile("spectrum.csv", formatCsv({ columns: bandColumns, rows }));
  const title = `Energy spectra of the bridge to ${set.side}`;
  const svg = await spectraFigure(spectra, { title });
  run.saveFile(`samples/${id}_spectrum.svg`, svg);
  return svgToPng(svg);
}

const bandColumns = [
  "half_iteration",
  "direction",
  "step",
  "channel",
  "band_from",
  "band_to",
  "error_generated",
  "error_start",
  "error_floor",
];

interface BandPlace {
  half_iteration: number;
  direction: string;
  step: number;
}

/** Rows of spectrum.csv. Rows of an evaluation replace its earlier and all later rows. */
export function withBands(before: readonly Row[], at: BandPlace, bands: readonly BandRow[]): Row[] {
  const kept = before.filter((row) => {
    const half = Number(row.half_iteration);
    const step = Number(row.step);
    if (half !== at.half_iteration) return half < at.half_iteration;
    if (step !== at.step) return step < at.step;
    return row.direction !== at.direction;
  });
  return [...kept, ...bands.map((band) => ({ ...at, ...band }))];
}

export function spectraFigure(
  { start, end, data }: Spectra,
  { title }: { title: string },
): Promise<string> {
  const cutoff = cutoffOf(start, data);
  return spectrumFigure({
    title,
    series: [
      { name: "source", ...start },
      { name: "target", ...data },
      { name: "generated", ...end },
    ],
    ...(cutoff !== null && { cutoff }),
  });
}

/**
 * The first wavenumber at which one of two sets of fields has no energy in any channel, or null.
 */
export function cutoffOf(...sets: readonly Spectrum[]): number | null {
  const ends = sets.map(({ k, energy }) => {
    const last = energy.map((values) => {
      const total = values.reduce((a, b) => a + b, 0);
      return values.findLastIndex((value) => value > noEnergy * total);
    });
    return k[Math.max(...last) + 1] ?? null;
  });
  const cutoffs = ends.filter((k) => k !== null);
  return cutoffs.length === 0 ? null : Math.min(...cutoffs);
}
