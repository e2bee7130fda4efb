// At which scales ends are right: spectra of starts, ends and data, and their errors in each octave, in spectrum.csv and
// a figure.

import type { CompleteTrainConfig } from "@dsbm/config";
import type { Split } from "@dsbm/data";
import type { DataEnd, Ends } from "@dsbm/problem";
import { otherRows, testRows } from "@dsbm/problem";
import { formatCsv, svgToPng } from "@dsbm/runs";
import type { Tensor } from "@dsbm/torch";
import type { Evaluator } from "./evaluator.js";
import {
  type BandRow,
  bandColumns,
  bandRows,
  meanError,
  type Spectra,
  spectraFigure,
  spectraOf,
  withBands,
  worstBand,
} from "./spectra.js";

export async function openSpectrum(ends: Ends, config: CompleteTrainConfig): Promise<Evaluator> {
  let last: { spectra: Spectra; bands: BandRow[] } | null = null;
  return {
    measure({ side, split, start, end, data }) {
      const reserve = otherRows(ends[side], split, config);
      const many = manyRows(ends[side], data, { seed: config.seed, split });
      const spectra = spectraOf({ start, end, data: many, reserve });
      const bands = bandRows(spectra);
      last = { spectra, bands };
      return {
        band_error: meanError(bands, "error_generated"),
        start_band_error: meanError(bands, "error_start"),
        data_band_error: meanError(bands, "error_floor"),
        worst_band: worstBand(bands),
      };
    },
    async write({ id, sampler, carried: { at, side }, save, read }) {
      if (!last) return [];
      const { half: half_iteration, direction, step } = at;
      const place = { half_iteration, direction, sampler, step };
      const rows = withBands(read("spectrum.csv"), place, last.bands);
      save("spectrum.csv", formatCsv({ columns: [...bandColumns], rows }));
      const by = sampler === "ode" ? "probability flow" : "bridge";
      const svg = await spectraFigure(last.spectra, {
        title: `Energy spectra of the ${by} to ${side}`,
      });
      save(`samples/${id}_spectrum.svg`, svg);
      return [["spectrum", await svgToPng(svg)]];
    },
  };
}

/**
 * The data whose spectrum ends are compared with: some 256 MB of them, or as many as were carried. The largest scales
 * have few modes a field, and data cost no network.
 */
function manyRows(
  end: DataEnd,
  data: Tensor,
  { seed, split }: { seed: number; split: Split },
): Tensor {
  const most = Math.floor((64 * 2 ** 20 * data.size(0)) / data.numel);
  return most > data.size(0) ? testRows(end, most, seed, split).to({ device: "cpu" }) : data;
}
