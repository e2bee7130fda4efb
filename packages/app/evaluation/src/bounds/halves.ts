// A metric on random halves of its samples: the noise of its value, its floor and its ceiling.
import { stream } from "@dsbm/bridge";
import type { Clock } from "@dsbm/runs";
import { randperm, type Tensor, tidy } from "@dsbm/torch";
import type { MeasurementContext } from "../metric.js";
import type { SampleSubject } from "../subject.js";

const repeats = { decisive: 32, other: 12, least: 6 };
/** The share of the remaining time for the half-samples of one metric. */
const shareOfTime = 0.1;

/** Values of the components of a metric; null without a value. */
type Compare = (x: Tensor, y: Tensor) => readonly number[] | null;

/** The four samples that a metric compares, on the processor. */
interface FourSamples {
  generated: Tensor;
  data: Tensor;
  /** Further target rows, at least two for each generated row; null: no floor. */
  reserve: Tensor | null;
  source: Tensor | null;
}

/** Half-samples of data, reserve and source are the same for all sets of one key. */
export interface Halves {
  value: number[];
  floors: [number, number][];
  ceiling: number[];
}

interface HalfOptions {
  context: MeasurementContext<SampleSubject>;
  /** Where values of data, reserve and source are kept for further sets; default: nowhere. */
  key?: string;
  isDecisive?: boolean | undefined;
}

/** How many half-samples a metric has if the time allows them. */
export const mostHalves = (isDecisive = false): number =>
  isDecisive ? repeats.decisive : repeats.other;

/** The numbers of half-samples, as many as the time allows. */
export function* halfNumbers(clock: Clock, isDecisive?: boolean): Generator<number> {
  const time = clock.part(shareOfTime);
  for (let k = 0; k < (time.isUp ? repeats.least : mostHalves(isDecisive)); k++) yield k;
}

/** The samples that have halves. */
type HalfSample = "generated" | "data" | "reserve" | "source";

/**
 * Places of the random half k among `total` rows of a sample, int64 [size]. A half of the reserve has as many rows as a half
 * of the generated `rows`, and is one of two `parts`.
 */
export function halfPlaces(
  total: number,
  of: HalfSample,
  { k, part = 0, rows, seed }: { k: number; part?: 0 | 1; rows: number; seed: number },
): Tensor {
  const size = Math.max(1, Math.floor((of === "reserve" ? rows : total) / 2));
  const order = randperm(total, { generator: stream(seed, `quality/half/${of}/${k}`) });
  const first = Math.max(0, Math.min(part * size, total - size));
  return order.narrow(0, first, Math.min(size, total));
}

/**
 * A metric of random halves of its samples, for each component. Halves are drawn without replacement, since repeated
 * rows would make distances larger; they vary as the whole does if a statistic is linear (delete-half jackknife, Shao
 * and Wu 1989).
 */
export function halvesOf(
  { generated, data, reserve, source }: FourSamples,
  compare: Compare,
  { context, key, isDecisive }: HalfOptions,
): Halves[] {
  const half = (x: Tensor, of: HalfSample, k: number, part: 0 | 1 = 0) =>
    x.indexSelect(0, halfPlaces(x.size(0), of, { k, part, seed, rows: generated.size(0) }));
  const { seed } = context.options;
  const components: Halves[] = [];
  for (const k of halfNumbers(context.options.clock, isDecisive))
    tidy(() => {
      const y = half(data, "data", k);
      const values = compare(half(generated, "generated", k), y) ?? [];
      const ofBounds = () =>
        [
          reserve && half(reserve, "reserve", k, 0),
          reserve && half(reserve, "reserve", k, 1),
          source && half(source, "source", k),
        ].map((x) => x && compare(x, y));
      const [first, second, ceiling] = key
        ? context.once(`${key}/half/${k}`, ofBounds)
        : ofBounds();
      for (const [i, value] of values.entries()) {
        components[i] ??= { value: [], floors: [], ceiling: [] };
        components[i].value.push(value);
        if (first && second) components[i].floors.push([first[i], second[i]]);
        if (ceiling) components[i].ceiling.push(ceiling[i]);
      }
    });
  return components;
}
