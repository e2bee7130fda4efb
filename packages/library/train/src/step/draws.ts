// What a training step draws: times in strata, and noise in pairs of opposite sign.
import {
  arange,
  cat,
  type Generator,
  noisePairs,
  rand,
  randn,
  strata,
  type Tensor,
} from "@dsbm/torch";

/** Whether there are kernels for rows like these that draw and pair in one pass. */
const fits = ({ device, dtype }: Tensor) => device === "cpu" && dtype === "float32";

/** Times for a batch: each uniform on [eps, 1 − eps], one in each of B/2 equal strata, and those twice; [B]. */
export function drawTimes(n: number, eps: number, generator: Generator, like: Tensor): Tensor {
  if (fits(like)) return strata(n, eps, generator);
  const half = Math.ceil(n / 2);
  const options = { device: like.device, dtype: like.dtype };
  const drawn = arange(0, half, options).add(rand([half], { generator, ...options }));
  const length = (1 - 2 * eps) / half;
  return twice(drawn, drawn, n).mul(length).add(eps);
}

/**
 * Standard normal noise for a batch, the second half the negative of the first. With `drawTimes` the rows i and
 * i + B/2 share a time, and the noise of their targets (infinite variance as t reaches an end) cancels in the
 * gradient where it is largest; each row alone is distributed as before. Of the shape of `like`, but `n` rows.
 */
export function drawNoise(like: Tensor, generator: Generator, n = like.size(0)): Tensor {
  const rest = like.shape.slice(1);
  if (fits(like)) return noisePairs([n, ...rest], { generator });
  const z = randn([Math.ceil(n / 2), ...rest], {
    generator,
    device: like.device,
    dtype: like.dtype,
  });
  return twice(z, z.neg(), n);
}

function twice(a: Tensor, b: Tensor, n: number): Tensor {
  const both = cat([a, b]);
  return both.size(0) === n ? both : both.narrow(0, 0, n);
}
