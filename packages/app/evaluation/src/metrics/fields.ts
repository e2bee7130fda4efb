import { bandError, isotropicSpectrum, octaves, type Spectrum } from "@dsbm/bridge";
import { isVectors, testRows } from "@dsbm/datasets";
import { noGrad, type Tensor, tidy } from "@dsbm/torch";
import type { MeasurementContext, Metric, MetricData, SampleSet } from "../metric.js";

/** Source, generated and target fields, and as many further target fields, each [n, C, H, W]. */
interface FieldSamples {
  start: Tensor;
  end: Tensor;
  data: Tensor;
  reserve: Tensor;
}

/** Energy spectra of source, target and generated fields. */
export type Spectra = Record<keyof FieldSamples, Spectrum>;

const spectraOf = (fields: FieldSamples): Spectra =>
  Object.fromEntries(
    Object.entries(fields).map(([name, x]) => [name, isotropicSpectrum(x)]),
  ) as Spectra;

/** The share of a channel's energy below which float32 only rounds. */
export const noEnergy = 1e-10;

const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The mean error over the channels and octaves in which the data have energy; null without any. */
export function meanError(spectrum: Spectrum, data: Spectrum): number | null {
  const bands = octaves(data.k.length);
  const errors = bandError(spectrum, data, bands).flatMap((ofChannel, c) => {
    const energy = data.energy[c];
    const least = noEnergy * total(energy);
    const within = bands.map(([from, to]) => total(energy.slice(from - 1, to)));
    return ofChannel.filter((_, i) => within[i] > least);
  });
  return errors.length === 0 ? null : total(errors) / errors.length;
}

const mostNumbers = 64 * 2 ** 20;

/** The spectra of fields. */
export const fieldSpectra = (set: SampleSet, context: MeasurementContext): Spectra =>
  context.once(
    "spectra",
    () =>
      noGrad(() =>
        tidy(() => {
          const { sourceRows, generatedRows } = set;
          return spectraOf({
            start: sourceRows,
            end: generatedRows,
            data: manyRows(set, context),
            reserve: spare(set),
          });
        }),
      ),
    set,
  );

function manyRows(
  { target, targetRows }: SampleSet,
  { subject, options }: MeasurementContext,
): Tensor {
  const most = Math.floor((mostNumbers * targetRows.size(0)) / targetRows.numel);
  if (most <= targetRows.size(0) || options.split !== "test") return targetRows;
  return testRows(subject.datasets[target], most, options.seed, "test").to({ device: "cpu" });
}

const spare = (set: SampleSet): Tensor => {
  const reserve = set.floorRows();
  return reserve.narrow(0, 0, Math.min(set.generatedRows.size(0), reserve.size(0)));
};

const ofSpectra = ({ datasets, config }: MetricData): string | null =>
  isVectors(datasets) || !config.metrics.spectrum ? "it needs fields and metrics.spectrum" : null;

/** Metrics of the energy spectra of fields. */
export const fieldMetrics: readonly Metric[] = [
  {
    name: "band_error",
    title: "error of the energy spectrum",
    group: "endpoints",
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
