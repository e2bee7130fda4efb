// A metric on random halves of its samples: the noise of its value, its floor and its ceiling.
import { stream } from "@dsbm/bridge";
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

/**
 * A metric of random halves of its samples, for each component. Halves are drawn without replacement, since repeated
 * rows would make distances larger; they vary as the whole does if a statistic is linear (delete-half jackknife, Shao
 * and Wu 1989).
 */
export function halvesOf(
  { generated, data, reserve, source }: FourSamples,
  compare: Compare,
  { context, key, isDecisive = false }: HalfOptions,
): Halves[] {
  const half = (x: Tensor, of: string, k: number, part = 0) => {
    const size = Math.max(1, Math.floor(generated.size(0) / 2));
    const count = of === "reserve" ? size : Math.max(1, Math.floor(x.size(0) / 2));
    const order = randperm(x.size(0), { generator: stream(seed, `quality/half/${of}/${k}`) });
    const first = Math.min(part * count, x.size(0) - count);
    return x.indexSelect(0, order.narrow(0, Math.max(0, first), Math.min(count, x.size(0))));
  };
  const { seed, clock } = context.options;
  const time = clock.part(shareOfTime);
  const components: Halves[] = [];
  const most = isDecisive ? repeats.decisive : repeats.other;
  for (let k = 0; k < (time.isUp ? repeats.least : most); k++)
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
