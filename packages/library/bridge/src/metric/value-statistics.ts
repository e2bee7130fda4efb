import { type Tensor, tidy, zeros } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { dataError } from "../core/errors.js";
import { toFloat64 } from "../core/pixels.js";

const batch = 1000;

/** The mean and unbiased variances of samples [n, …]. */
export interface ValueStatistics {
  /** Over all values of all samples. */
  mean: number;
  var: number;
  /** The variance of a coordinate over samples, averaged over coordinates. */
  sample_var: number;
}

/**
 * Statistics of samples [n, …]; bytes count as images of −1 … 1.
 * @throws {BridgeError} below two samples.
 */
export function valueStatistics(samples: Tensor): ValueStatistics {
  const [n, ...sample] = samples.shape;
  if (!(n >= 2)) throw dataError(`statistics of samples [${samples.shape}]; expected 2 or more`);
  return tidy(() => {
    const options = { dtype: "float64", device: samples.device } as const;
    const mean = zeros(sample, options);
    const scatter = zeros(sample, options);
    inBatches(samples, batch, (rows, seen) => {
      const x = toFloat64(rows);
      const m = x.size(0);
      const partMean = x.mean(0);
      const step = partMean.sub(mean);
      scatter.add_(x.sub(partMean).square().sum(0));
      scatter.add_(step.square().mul((seen * m) / (seen + m)));
      mean.add_(step.mul(m / (seen + m)));
    });
    const middle = mean.mean();
    const between = mean.sub(middle).square().sum().item() * n;
    return {
      mean: middle.item(),
      var: (scatter.sum().item() + between) / (n * mean.numel - 1),
      sample_var: scatter.mean().item() / (n - 1),
    };
  });
}
