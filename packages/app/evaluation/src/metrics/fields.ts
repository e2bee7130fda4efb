import { isVectors, testRows } from "@dsbm/problem";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { DataFacts, Measuring, Metric, SampleSet } from "../metric.js";
import { meanError, type Spectra, spectraOf } from "./spectra.js";

const mostNumbers = 64 * 2 ** 20;

/** The spectra of fields. */
export const fieldSpectra = (set: SampleSet, context: Measuring): Spectra =>
  context.once(
    "spectra",
    () =>
      noGrad(() =>
        tidy(() => {
          const { start, end } = set;
          return spectraOf({ start, end, data: manyRows(set, context), reserve: spare(set) });
        }),
      ),
    set,
  );

function manyRows({ side, data }: SampleSet, { subject, options }: Measuring): Tensor {
  const most = Math.floor((mostNumbers * data.size(0)) / data.numel);
  if (most <= data.size(0) || options.split !== "test") return data;
  return testRows(subject.datasets[side], most, options.seed, "test").to({ device: "cpu" });
}

const spare = (set: SampleSet): Tensor => {
  const reserve = set.reserve();
  return reserve.narrow(0, 0, Math.min(set.end.size(0), reserve.size(0)));
};

const ofSpectra = ({ datasets, config }: DataFacts): string | null =>
  isVectors(datasets) || !config.metrics.spectrum ? "it needs fields and metrics.spectrum" : null;

export const fieldMetrics: readonly Metric[] = [
  {
    name: "band_error",
    title: "error of the energy spectrum",
    group: "ends",
    meaning:
      "The mean error of the energy spectrum over octaves and channels. Floor: other target fields; ceiling: the untransported source.",
    columns: { value: "band_error", floor: "data_band_error", ceiling: "start_band_error" },
    serves: ofSpectra,
    measure(set, context) {
      const { start, end, data, reserve } = fieldSpectra(set, context);
      return {
        value: meanError(end, data),
        floor: meanError(reserve, data),
        ceiling: meanError(start, data),
      };
    },
  },
];
