// The random numbers of a training step: times in strata, and noise in pairs of opposite sign.
import { arange, cat, type Generator, rand, randn, type Tensor } from "@dsbm/torch";

/** Times [B], uniform on [eps, 1 − eps]: one in each of B/2 equal strata, each twice. */
export function drawTimes(n: number, eps: number, generator: Generator, like: Tensor): Tensor {
  const half = Math.ceil(n / 2);
  const { device, dtype } = like;
  const drawn = arange(0, half, { device, dtype }).add(rand([half], { generator, device, dtype }));
  const length = (1 - 2 * eps) / half;
  return cat([drawn, drawn]).narrow(0, 0, n).mul(length).add(eps);
}

/**
 * Standard normal noise [n, …], the second half the negative of the first. Rows i and i + B/2 share a time: the noise
 * of their targets, which grows without bound towards an endpoint, cancels.
 */
export function drawNoise(like: Tensor, generator: Generator, n = like.size(0)): Tensor {
  const { device, dtype } = like;
  const z = randn([Math.ceil(n / 2), ...like.shape.slice(1)], { generator, device, dtype });
  return cat([z, z.neg()]).narrow(0, 0, n);
}
