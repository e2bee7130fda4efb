import { isVectors, testConditions, testRows } from "@dsbm/problem";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { Measuring } from "../measuring.js";
import { type DataFacts, type Metric, type SampleSet, sharedOf } from "../metric.js";
import {
  type BandRow,
  bandRows,
  conditionError,
  meanError,
  type Spectra,
  spectraOf,
} from "./spectra.js";

const mostNumbers = 64 * 2 ** 20;

/** The spectra of fields, and their errors by octave. */
export function fieldSpectra(
  set: SampleSet,
  context: Measuring,
): { spectra: Spectra; bands: BandRow[] } {
  return sharedOf(set, "spectra", () =>
    noGrad(() =>
      tidy(() => {
        const { start, end } = set;
        const spectra = spectraOf({
          start,
          end,
          data: manyRows(set, context),
          reserve: spare(set),
        });
        return { spectra, bands: bandRows(spectra) };
      }),
    ),
  );
}

function manyRows({ side, data }: SampleSet, { subject, options }: Measuring): Tensor {
  const most = Math.floor((mostNumbers * data.size(0)) / data.numel);
  if (most <= data.size(0) || options.split !== "test") return data;
  return testRows(subject.ends[side], most, options.seed, "test").to({ device: "cpu" });
}

const spare = (set: SampleSet): Tensor => {
  const reserve = set.reserve();
  return reserve.narrow(0, 0, Math.min(set.end.size(0), reserve.size(0)));
};

const ofSpectra = ({ ends, config }: DataFacts): string | null =>
  isVectors(ends) || !config.metrics.spectrum ? "it needs fields and metrics.spectrum" : null;

export const fieldMetrics: readonly Metric[] = [
  {
    name: "band_error",
    title: "error of the energy spectrum",
    group: "ends",
    meaning:
      "The mean error of the energy spectrum over octaves and channels; spectrum.csv has each. Floor: other target fields; ceiling: the untransported source.",
    columns: { value: "band_error", floor: "data_band_error", ceiling: "start_band_error" },
    isRare: true,
    serves: ofSpectra,
    measure(set, context) {
      const { bands } = fieldSpectra(set, context);
      return {
        value: meanError(bands, "error_generated"),
        floor: meanError(bands, "error_floor"),
        ceiling: meanError(bands, "error_start"),
      };
    },
  },
  {
    name: "cond_error",
    title: "condition error",
    group: "ends",
    meaning:
      "How differently generated fields and data depend on their conditions, in deviations. Floor: other target fields; ceiling: the untransported source.",
    columns: { value: "cond_error", floor: "data_cond_error", ceiling: "start_cond_error" },
    isRare: true,
    serves: ({ ends, config }) =>
      isVectors(ends) || !config.cdsb ? "it needs fields with a condition" : null,
    measure(set, { subject: { ends }, options: { split } }) {
      const { side, start, end, data, given } = set;
      return tidy(() => {
        const isHeldOut = split === "test";
        const reserve = spare(set);
        const target = testConditions(ends, side, data.size(0), split)?.cond;
        const skip = isHeldOut ? 0 : data.size(0);
        const others = testConditions(ends, side, skip + reserve.size(0), "train")?.cond;
        if (!given?.cond || !target || !others) return "the rows have no condition";
        const truth = { x: data, cond: target };
        const floor = { x: reserve, cond: others.narrow(0, skip, reserve.size(0)) };
        return {
          value: conditionError({ x: end, cond: given.cond }, truth),
          floor: conditionError(floor, truth),
          ceiling: conditionError({ x: start, cond: given.cond }, truth),
        };
      });
    },
  },
];
