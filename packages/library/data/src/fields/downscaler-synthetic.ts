// The law of the synthetic downscaling fields.
//
// States: x_c = mean_c + slope_c · c + u_c. The condition c is its spatial mean, N(0, 0.05), and a smooth field of modes
// ∝ exp(−(k/2)²), variance 0.2. High resolution: u_c has the energy k^−p exp(−(2k/size)²) at wavenumber k, up to a
// factor, p = 3/2 and 1; variance 0.25; coherence 0.5 between both states. Low resolution: only modes below the cut-off
// size/8, with 0.7 exp(−(k/cutoff)²) of their variance, and means of ±0.25.

import { fourierModes, type Modes, stream } from "@dsbm/bridge";
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
import {
  checkDrawn,
  type DataSet,
  newTable,
  type SetOptions,
  type Split,
  type Table,
} from "../data-set.js";
import { invalidOption } from "../errors.js";
import type { Resolution } from "./downscaler.js";

/** Correlation of the two states' modes. */
const coherence = 0.5;

/** A power for each mode. */
interface FieldLaw {
  modes: Modes;
  power: Float64Array;
}

/** Mode 0 of the condition is its spatial mean; states are without the effect of the condition. */
export function fieldLaws(resolution: Resolution, size: number) {
  const modes = fourierModes(size, size);
  const cutoff = size / 8;
  /** Modes have variances in proportion to `shape(k)`, k > 0 in waves across the field. */
  const law = (variance: number, shape: (k: number) => number): FieldLaw => {
    const raw = modes.k.map((k) => (k === 0 ? 0 : shape(k)));
    const total = raw.reduce((sum, p, m) => sum + p * modes.weight[m], 0);
    return { modes, power: raw.map((p) => (p * variance) / total) };
  };
  const states = [1.5, 1].map((exponent) => {
    // The energy of an annulus is the energy of a mode times its circumference.
    const fine = law(0.25, (k) => k ** -(exponent + 1) * Math.exp(-(((2 * k) / size) ** 2)));
    if (resolution === "high") return fine;
    const damping = (k: number) => (k < cutoff ? 0.7 * Math.exp(-((k / cutoff) ** 2)) : 0);
    return { modes, power: fine.power.map((p, m) => p * damping(modes.k[m])) };
  });
  const condition = law(0.2, (k) => (k < cutoff ? Math.exp(-((k / 2) ** 2)) : 0));
  condition.power[0] = 0.05;
  const mean = resolution === "high" ? [0, 0] : [0.25, -0.25];
  return { states, condition, mean, slope: [0.6, -0.4] };
}

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
