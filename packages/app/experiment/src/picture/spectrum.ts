import type { Spectrum } from "@dsbm/bridge";
import { fieldSpectra, noEnergy, type Spectra } from "@dsbm/evaluation";
import { spectrumFigure, svgToPng } from "@dsbm/runs";
import type { DrawnEvaluation, PictureTarget } from "./pictures.js";

/** Returns the figure as PNG. */
export async function writeSpectra(
  evaluation: DrawnEvaluation,
  { id, run }: Pick<PictureTarget, "id" | "run">,
): Promise<Buffer> {
  const { set, context } = evaluation;
  const title = `Energy spectra of the bridge to ${set.side}`;
  const svg = await spectraFigure(fieldSpectra(set, context), { title });
  run.saveFile(`samples/${id}_spectrum.svg`, svg);
  return svgToPng(svg);
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
