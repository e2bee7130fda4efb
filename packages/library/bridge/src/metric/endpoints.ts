import { type Tensor, tidy, zeros } from "@dsbm/torch";
import { inBatches } from "../core/batches.js";
import { argumentError, dataError } from "../core/errors.js";
import { wide } from "../core/pixels.js";
import { checkPairedShapes } from "./moments.js";

const batch = 1000;

/** Means and unbiased variances of samples [n, …]. */
export interface ValueStatistics {
  n: number;
  /** Over all values of all samples. */
  mean: number;
  var: number;
  /** The variance of a coordinate over samples, averaged over coordinates. */
  sample_var: number;
  /** For each channel of images [n, C, …]; empty for vectors. */
  channel_mean: number[];
  channel_var: number[];
}

/** Statistics of samples [n, …]; bytes count as images of −1 … 1. Throws a BridgeError below two samples. */
export function valueStatistics(samples: Tensor): ValueStatistics {
  const [n, ...sample] = samples.shape;
  if (!(n >= 2)) throw dataError(`statistics of samples [${samples.shape}]; expected 2 or more`);
  return tidy(() => {
    const options = { dtype: "float64", device: samples.device } as const;
    const mean = zeros(sample, options);
    const scatter = zeros(sample, options);
    inBatches(samples, batch, (rows, seen) => {
      const x = wide(rows);
      const m = x.size(0);
      const partMean = x.mean(0);
      const step = partMean.sub(mean);
      scatter.add_(x.sub(partMean).square().sum(0));
      scatter.add_(step.square().mul((seen * m) / (seen + m)));
      mean.add_(step.mul(m / (seen + m)));
    });
    const channels = sample.length > 1 ? sample[0] : 0;
    const each = Array.from({ length: channels }, (_, c) =>
      pooled(mean.select(0, c), scatter.select(0, c), n),
    );
    return {
      n,
      ...pooled(mean, scatter, n),
      sample_var: scatter.mean().item() / (n - 1),
      channel_mean: each.map((channel) => channel.mean),
      channel_var: each.map((channel) => channel.var),
    };
  });
}

function pooled(mean: Tensor, scatter: Tensor, n: number): { mean: number; var: number } {
  const all = mean.flatten();
  const middle = all.mean();
  const between = all.sub(middle).square().sum().item() * n;
  const values = n * mean.numel;
  return { mean: middle.item(), var: (scatter.flatten().sum().item() + between) / (values - 1) };
}

export interface EndpointStatistics {
  start: ValueStatistics;
  end: ValueStatistics;
  data?: ValueStatistics;
  /** E|end − start|², summed over the values of a sample. */
  msd: number;
  /** msd divided by the number of values of a sample. */
  mse: number;
}

/** Statistics of pairs `start`, `end` [n, …], and of `data` [m, …]. Throws a BridgeError unless shapes agree. */
export function endpointStatistics({
  start,
  end,
  data,
}: {
  start: Tensor;
  end: Tensor;
  data?: Tensor;
}): EndpointStatistics {
  checkPairedShapes(start, end);
  if (data && `${data.shape.slice(1)}` !== `${end.shape.slice(1)}`)
    throw argumentError(
      `endpoints of shape [${end.shape}] and data of shape [${data.shape}]; expected samples of one shape`,
    );
  const parts = inBatches(start, batch, (rows, at) => {
    const way = wide(end.narrow(0, at, rows.size(0))).sub(wide(rows));
    return way.square().sum().item();
  });
  const moved = parts.reduce((sum, part) => sum + part, 0);
  return {
    start: valueStatistics(start),
    end: valueStatistics(end),
    ...(data && { data: valueStatistics(data) }),
    msd: moved / start.size(0),
    mse: moved / start.numel,
  };
}

/** One flat row for a log: start_mean, start_var, …, msd, mse, and channels if there are several. */
export function endpointRow({ msd, mse, ...ends }: EndpointStatistics): Record<string, number> {
  const row: Record<string, number> = {};
  for (const [name, statistics] of Object.entries(ends)) {
    row[`${name}_mean`] = statistics.mean;
    row[`${name}_var`] = statistics.var;
    row[`${name}_sample_var`] = statistics.sample_var;
    if (statistics.channel_mean.length < 2) continue;
    statistics.channel_mean.forEach((mean, c) => {
      row[`${name}_mean_${c}`] = mean;
      row[`${name}_var_${c}`] = statistics.channel_var[c];
    });
  }
  return { ...row, msd, mse };
}
