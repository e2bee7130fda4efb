import { stream } from "@dsbm/bridge";
import {
  cat,
  empty,
  fftIrfft2,
  fftRfft2,
  type Generator,
  randn,
  stack,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import { checkDrawn } from "../counts.js";
import type { DataSet, SetOptions } from "../data-set.js";
import { invalidOption } from "../errors.js";
import { newTable, type Split, type Table } from "../table.js";
import { coherence, fieldLaws, type Resolution } from "./downscaling-law.js";

const usualCount: Readonly<Record<Split, number>> = { train: 2000, test: 500 };
const chunk = 32;

/**
 * Random fields of one resolution by `fieldLaws`, float32 x [n, 2, H, W] and condition [n, 1,
 * H, W]. Both resolutions share the condition of each row; given the condition, the states are independent. The
 * first fields do not depend on n.
 */
export function syntheticDownscaler(resolution: Resolution): DataSet {
  return {
    about: `synthetic fields of ${resolution} resolution, 2 states and 1 condition`,
    classes: [],
    load: (options) => load(resolution, options),
  };
}

function load(resolution: Resolution, options: SetOptions): Table {
  const { name, split, image_size: size = 64, seed = 0 } = options;
  const { n = usualCount[split] } = options;
  if (size < 16 || size > 1024 || size % 8 !== 0)
    throw invalidOption(`image_size ${size}: expected a multiple of 8 from 16 to 1024 for ${name}`);
  checkDrawn(n, 12 * size ** 2);
  const streamOf = (of: string) => stream(seed, `downscaler_synthetic/${of}/${split}`);
  return tidy(() => {
    const draw = sampler(fieldLaws(resolution, size), {
      states: streamOf(resolution),
      condition: streamOf("condition"),
    });
    const fields = empty([n, 3, size, size]);
    for (let begin = 0; begin < n; begin += chunk) {
      const count = Math.min(chunk, n - begin);
      tidy(() => void fields.narrow(0, begin, count).copy_(draw(count)));
    }
    return newTable({
      name,
      split,
      source: `drawn from seed ${seed}`,
      x: fields.narrow(1, 0, 2),
      condition: fields.narrow(1, 2, 1),
    });
  });
}

/** Draws n fields [n, 3, H, W] in float64, the condition last. */
function sampler(
  { states, condition, mean, slope }: ReturnType<typeof fieldLaws>,
  streams: { states: Generator; condition: Generator },
): (n: number) => Tensor {
  const { height, width } = condition.modes;
  const plane = (values: readonly number[]) =>
    tensor(Float64Array.from(values), { shape: [1, values.length, 1, 1] });
  const shift = plane(mean);
  const follow = plane(slope);
  // White noise of variance 1 has modes of variance 1/(HW).
  const gains = [...states, condition].flatMap(({ power }) =>
    Array.from(power, (p) => Math.sqrt(p * height * width)),
  );
  const by = tensor(Float64Array.from(gains), { shape: [3, height, gains.length / (3 * height)] });
  return (n) => {
    const noise = (channels: number, generator: Generator) =>
      stack(
        Array.from({ length: n }, () =>
          randn([channels, height, width], { generator, dtype: "float64" }),
        ),
      );
    const [a, b] = noise(2, streams.states).split(1, { dim: 1 }) as Tensor[];
    const c = noise(1, streams.condition);
    const correlated = a.mul(coherence).add(b.mul(Math.sqrt(1 - coherence ** 2)));
    const white = cat([a, correlated, c], { dim: 1 });
    const fields = fftIrfft2(fftRfft2(white).mul(by), { s: [height, width] });
    const smooth = fields.narrow(1, 2, 1);
    return cat([fields.narrow(1, 0, 2).add(smooth.mul(follow)).add(shift), smooth], { dim: 1 });
  };
}
