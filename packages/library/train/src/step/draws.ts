// The random numbers of a training step: times in strata, and noise in pairs of opposite sign.
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

const hasStrata = ({ device, dtype }: Tensor) => device === "cpu" && dtype === "float32";

/** Times [B], uniform on [eps, 1 − eps]: one in each of B/2 equal strata, each repeatedTwice. */
export function drawTimes(n: number, eps: number, generator: Generator, like: Tensor): Tensor {
  if (hasStrata(like)) return strata(n, eps, generator);
  const half = Math.ceil(n / 2);
  const options = { device: like.device, dtype: like.dtype };
  const drawn = arange(0, half, options).add(rand([half], { generator, ...options }));
  const length = (1 - 2 * eps) / half;
  return repeatedTwice(drawn, drawn, n).mul(length).add(eps);
}

/**
 * Standard normal noise [n, …], the second half the negative of the first. Rows i and i + B/2 share a time: the noise
 * of their targets, which grows without bound towards an endpoint, cancels.
 */
export function drawNoise(like: Tensor, generator: Generator, n = like.size(0)): Tensor {
  const rest = like.shape.slice(1);
  if (hasStrata(like)) return noisePairs([n, ...rest], { generator });
  const z = randn([Math.ceil(n / 2), ...rest], {
    generator,
    device: like.device,
    dtype: like.dtype,
  });
  return repeatedTwice(z, z.neg(), n);
}

function repeatedTwice(a: Tensor, b: Tensor, n: number): Tensor {
  const both = cat([a, b]);
  return both.size(0) === n ? both : both.narrow(0, 0, n);
}
