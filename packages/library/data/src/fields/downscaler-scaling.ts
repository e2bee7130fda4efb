// Downscaler fields store their spatial mean and the deviation from it with separate scales,
// because means vary much less than fields.

import { io, type Tensor, tensor, tidy } from "@dsbm/torch";
import { DatasetError } from "../errors.js";
import { openZip } from "../files/archive.js";

const names = ["mintrain_mean", "Delta_", "mintrain_p", "Deltap"] as const;

/**
 * Per channel, [C] in float64: least value and range over the training data of spatial means
 * (mintrain_mean, Delta_), and of deviations from them (mintrain_p, Deltap).
 */
export type DownscalerScaling = Record<(typeof names)[number], Tensor>;

/**
 * Reads scaling_512.npz or scaling_64.npz. Throws `Unreadable`, `BadZip`, and `BadArray` for
 * infinite or NaN values, different lengths, or a range ≤ 0.
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
 * mintrain_p, whose spatial mean is (m − mintrain_mean) · Deltap/Delta_ and whose deviation from it is p,
 * x = p + mean(t) · Delta_/Deltap + mintrain_mean. Throws a TorchError for more channels than the scaling has.
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
