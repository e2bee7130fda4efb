// The scaling of the downscaler fields in the files, and its inverse for plots: the spatial mean of a field and the
// deviation from it are scaled separately, because means vary much less than fields.

import { BridgeError } from "@dsbm/bridge";
import { io, type Tensor, tensor, tidy } from "@dsbm/torch";
import { DatasetError } from "../errors.js";
import { readMembers } from "../files/read.js";

const names = ["mintrain_mean", "Delta_", "mintrain_p", "Deltap"] as const;

/** Per channel, [C] in float64: least value and range over the training data. */
export interface DownscalerScaling {
  /** Of the spatial means. */
  mintrain_mean: Tensor;
  Delta_: Tensor;
  /** Of the deviations from them. */
  mintrain_p: Tensor;
  Deltap: Tensor;
}

/**
 * The scaling of a file scaling_512.npz or scaling_64.npz; arrays of any shape with an element a channel.
 * Throws a `DatasetError` `Unreadable`, `BadZip`, and `BadArray` where the arrays are not finite, not of one length, or a range is
 * not positive.
 */
export function loadDownscalerScaling(path: string): DownscalerScaling {
  return tidy(() => {
    const members = readMembers(
      path,
      names.map((name) => `${name}.npy`),
    );
    const flat = Object.fromEntries(
      names.map((name) => {
        const array = io.npy.decode(members.get(`${name}.npy`)!, `${path} (${name})`);
        return [name, tensor(io.toFloat64(array))];
      }),
    ) as unknown as DownscalerScaling;
    const channels = flat.Deltap.numel;
    for (const name of names) {
      const range = name.startsWith("Delta");
      const values = flat[name].toNumbers();
      const good = values.every((v) => Number.isFinite(v) && (!range || v > 0));
      if (good && channels > 0 && values.length === channels) continue;
      throw new DatasetError(
        "BadArray",
        `${path}: ${name} is [${values.slice(0, 8)}]: expected ${channels} finite numbers${range ? " above 0" : ""}, one a channel`,
      );
    }
    return flat;
  });
}

/**
 * Fields as they are stored, [n, C, H, W], from physical ones: with a field's spatial mean m and p = x − m,
 * x̃ = 2 (m − mintrain_mean)/Delta_ + 2 (p − mintrain_p)/Deltap − 2.
 */
export function scaleFields(x: Tensor, scaling: DownscalerScaling): Tensor {
  return tidy(() => {
    const { mintrain_mean, Delta_, mintrain_p, Deltap } = planes(x, scaling);
    const mean = x.mean([2, 3], { keepdim: true });
    const m = mean.sub(mintrain_mean).div(Delta_);
    const p = x.sub(mean).sub(mintrain_p).div(Deltap);
    return m.add(p).sub(1).mul(2);
  });
}

/**
 * Physical fields from stored ones [n, C, H, W], for plots; undoes `scaleFields`. With t = (x̃ + 2)/2 · Deltap +
 * mintrain_p, whose spatial mean is (m − mintrain_mean) · Deltap/Delta_ and whose deviation from it is p,
 * x = p + mean(t) · Delta_/Deltap + mintrain_mean.
 */
export function unscaleFields(x: Tensor, scaling: DownscalerScaling): Tensor {
  return tidy(() => {
    const { mintrain_mean, Delta_, mintrain_p, Deltap } = planes(x, scaling);
    const t = x.add(2).div(2).mul(Deltap).add(mintrain_p);
    const mean = t.mean([2, 3], { keepdim: true });
    return t.sub(mean).add(mean.mul(Delta_).div(Deltap).add(mintrain_mean));
  });
}

/** The numbers of the first channels as [1, C, 1, 1] of x's dtype; throws a BridgeError where there are fewer. */
function planes(x: Tensor, scaling: DownscalerScaling): DownscalerScaling {
  const known = scaling.Deltap.numel;
  const [, channels = 0] = x.shape;
  if (x.ndim !== 4 || channels > known)
    throw new BridgeError(
      "argument",
      `fields of shape [${x.shape}]; expected [n, C, H, W] with at most the ${known} channels of the scaling`,
    );
  const of = (values: Tensor) =>
    values
      .narrow(0, 0, channels)
      .to({ dtype: x.dtype, device: x.device })
      .view([1, channels, 1, 1]);
  return {
    mintrain_mean: of(scaling.mintrain_mean),
    Delta_: of(scaling.Delta_),
    mintrain_p: of(scaling.mintrain_p),
    Deltap: of(scaling.Deltap),
  };
}
