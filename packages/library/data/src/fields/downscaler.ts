import { fourierModes, type Modes, stream } from "@dsbm/bridge";
import {
  cat,
  empty,
  fftIrfft2,
  fftRfft2,
  type Generator,
  io,
  randn,
  randperm,
  stack,
  type Tensor,
  tensor,
  tidy,
} from "@dsbm/torch";
import {
  checkDrawn,
  type DataSet,
  newTable,
  rowCount,
  type SetOptions,
  type Table,
  usualCount,
} from "../data-set.js";
import { DatasetError, invalidOption } from "../errors.js";
import { openZip } from "../files/archive.js";
import { findFiles, placesIn } from "../files/read.js";

/** Fields of 512×512, or the same simulation at 64×64. */
export type Resolution = "high" | "low";

/** Of the condition, one segment of the high-resolution fields each, in this order. */
const wavenumbers = [1, 2, 4, 8, 16];
const resolutions: Readonly<Record<Resolution, number>> = { high: 512, low: 64 };
const states = 2;
const permutationSeed = 42;

/**
 * Published fields of one resolution: x [n, 2, 512, 512] and condition [n, 1, 512, 512] of
 * `x{train,test}_{512,64}.npy`, float32. `wavenumber` selects a segment of the high resolution. `order` is a fixed
 * random permutation, because the files are sorted; `n` reads the first n fields in this order into memory.
 */
export function downscaler(resolution: Resolution): DataSet {
  return {
    about: `flows of ${resolution} resolution (${resolutions[resolution]}), 512×512, 2 states and 1 condition`,
    load: (options) => load(resolution, options),
  };
}

/**
 * The file with the scaling of a resolution's fields.
 * @throws {DatasetError} `MissingFiles`
 */
export function downscalerScalingFile(resolution: Resolution, directory: string): string {
  return find(`scaling_${resolutions[resolution]}.npz`, { directory }).path;
}

function load(resolution: Resolution, options: SetOptions): Table {
  const { name, split, wavenumber = 0, n } = options;
  const { path, folder } = find(`x${split}_${resolutions[resolution]}.npy`, options);
  return tidy(() => {
    const all = io.mapNpy(path);
    const [fields = 0, channels] = all.shape;
    if (all.dtype !== "float32" || all.ndim !== 4 || channels !== states + 1 || fields === 0)
      throw new DatasetError(
        "BadArray",
        `${path}: ${all.dtype} [${all.shape}]: expected float32 [n, ${states + 1}, H, W], two states and a condition`,
      );
    const segment = resolution === "low" ? all : segmentOf(all, wavenumber, { path, name });
    const total = segment.size(0);
    const count = rowCount(n, total, { name, split });
    // The permutation belongs to the data, not to a run.
    const generator = stream(permutationSeed, `downscaler/${resolution}/${split}/${total}`);
    const order = randperm(total, { generator });
    const rows = n === undefined ? segment : segment.indexSelect(0, order.narrow(0, 0, count));
    return newTable({
      name,
      split,
      source: folder,
      x: rows.narrow(1, 0, states),
      ...(n === undefined && { order }),
      condition: rows.narrow(1, states, 1),
    });
  });
}

function find(file: string, options: Pick<SetOptions, "directory">) {
  const cure =
    "choose dataset=downscaler_synthetic, which needs no files, or put the arrays of the downscaling experiment (xtrain_512.npy, xtest_512.npy, scaling_512.npz, and the same for 64)";
  const { folder, paths } = findFiles(file, [[file]], {
    places: placesIn(options, ["downscaler"]),
    cure,
  });
  return { folder, path: paths[0] };
}

function segmentOf(all: Tensor, wavenumber: number, of: { path: string; name: string }): Tensor {
  if (wavenumber === 0) return all;
  const k = wavenumbers.indexOf(wavenumber);
  if (k < 0)
    throw invalidOption(
      `wavenumber ${wavenumber}: expected 0 for all fields of ${of.name}, or ${wavenumbers.join(", ")}`,
    );
  const length = all.size(0) / wavenumbers.length;
  if (!Number.isInteger(length))
    throw new DatasetError(
      "BadArray",
      `${of.path}: ${all.size(0)} fields: expected ${wavenumbers.length} segments of one length`,
    );
  return all.narrow(0, k * length, length);
}

// Files store the spatial mean of a field and the deviation from it with separate scales, because means vary much less.
const names = ["mintrain_mean", "Delta_", "mintrain_p", "Deltap"] as const;

/**
 * Per channel, [C] in float64: least value and range over the training data of spatial means
 * (mintrain_mean, Delta_), and of deviations from them (mintrain_p, Deltap).
 */
type DownscalerScaling = Record<(typeof names)[number], Tensor>;

/**
 * Reads scaling_512.npz or scaling_64.npz.
 * @throws {DatasetError} `Unreadable`, `BadZip`, and `BadArray` for infinite or NaN values, different lengths, or a
 * range ≤ 0.
 */
export function loadDownscalerScaling(path: string): DownscalerScaling {
  const archive = openZip(path);
  const scaling = names.map((name) => {
    const bytes = archive.read(`${name}.npy`);
    if (!bytes)
      throw new DatasetError("BadZip", `${path}: expected an archive with ${names.join(", ")}`);
    const values = io.toFloat64(io.npy.decode(bytes, `${path} (${name})`));
    const least = name.startsWith("Delta") ? 0 : Number.NEGATIVE_INFINITY;
    if (values.length > 0 && values.every((v) => v > least && v < Number.POSITIVE_INFINITY))
      return [name, tensor(values)] as const;
    throw new DatasetError(
      "BadArray",
      `${path}: ${name} is [${values.slice(0, 8)}]: expected finite numbers, above 0 for ranges, one a channel`,
    );
  });
  return Object.fromEntries(scaling) as DownscalerScaling;
}

/**
 * Physical fields x from stored ones x̃, [n, C, H, W], for plots. With a field's spatial mean m and p = x − m, the
 * files have x̃ = 2 (m − mintrain_mean)/Delta_ + 2 (p − mintrain_p)/Deltap − 2. With t = (x̃ + 2)/2 · Deltap +
 * mintrain_p, whose spatial mean is (m − mintrain_mean) · Deltap/Delta_ and whose deviation from it is p, x = p +
 * mean(t) · Delta_/Deltap + mintrain_mean.
 * @throws {TorchError} for more channels than the scaling has.
 */
export function unscaleFields(x: Tensor, scaling: DownscalerScaling): Tensor {
  return tidy(() => {
    const channels = x.size(1);
    const [mintrain_mean, Delta_, mintrain_p, Deltap] = names.map((name) =>
      scaling[name]
        .narrow(0, 0, channels)
        .to({ dtype: x.dtype, device: x.device })
        .view([1, channels, 1, 1]),
    );
    const t = x.add(2).div(2).mul(Deltap).add(mintrain_p);
    const mean = t.mean([2, 3], { keepdim: true });
    return t.sub(mean).add(mean.mul(Delta_).div(Deltap).add(mintrain_mean));
  });
}

// The law of the synthetic downscaling fields.
//
// States: x_c = mean_c + slope_c · c + u_c. The condition c is its spatial mean, N(0, 0.05), and a smooth field of modes
// ∝ exp(−(k/2)²), variance 0.2. High resolution: u_c has the energy k^−p exp(−(2k/size)²) at wavenumber k, up to a
// factor, p = 3/2 and 1; variance 0.25; coherence 0.5 between both states. Low resolution: only modes below the cut-off
// size/8, with 0.7 exp(−(k/cutoff)²) of their variance, and means of ±0.25.

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

const chunk = 32;

/**
 * Random fields of one resolution by `fieldLaws`, float32 x [n, 2, H, W] and condition [n, 1,
 * H, W]. Both resolutions share the condition of each row; given the condition, the states are independent. The
 * first fields do not depend on n.
 */
export function syntheticDownscaler(resolution: Resolution): DataSet {
  return {
    about: `synthetic fields of ${resolution} resolution, 2 states and 1 condition`,
    load: (options) => draw(resolution, options),
  };
}

function draw(resolution: Resolution, options: SetOptions): Table {
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
