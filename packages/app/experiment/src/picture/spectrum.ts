import { fieldSpectra } from "@dsbm/evaluation";
import { spectrumFigure, svgToPng } from "@dsbm/runs";
import type { DrawnEvaluation, PictureTarget } from "./pictures.js";

/** Returns the figure as PNG. */
export async function writeSpectra(
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
