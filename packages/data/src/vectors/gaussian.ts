// The Gaussian benchmark: two isotropic Gaussians whose bridge is known in closed form.

import type { Endpoints } from "@dsbm/bridge";
import { type Generator, randn, tidy } from "@dsbm/torch";

/** n draws of N(−a·1, I) and N(a·1, I) in `dim` dimensions (Shi et al. 2023, §6.1). */
export function gaussianEndpoints({
  n,
  dim,
  a,
  generator,
}: {
  n: number;
  dim: number;
  a: number;
  generator: Generator;
}): Endpoints {
  return tidy(() => ({
    x0: randn([n, dim], { generator }).sub(a),
    x1: randn([n, dim], { generator }).add(a),
  }));
}
