// The Gaussian benchmark: two isotropic Gaussians whose Schrödinger bridge is known in closed form.

import type { Endpoints } from "@dsbm/bridge";
import { Generator, randn, tidy } from "@dsbm/torch";
import type { DataSet } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { drawnTable, usualCount } from "./drawn.js";

/** n draws of N(−a·1, I) and of N(a·1, I) in `dim` dimensions (Shi 2023, section 6.1). */
export function gaussianEndpoints(of: {
  n: number;
  dim: number;
  a: number;
  generator: Generator;
}): Endpoints {
  const draw = () => randn([of.n, of.dim], { generator: of.generator });
  return tidy(() => ({ x0: draw().sub(of.a), x1: draw().add(of.a) }));
}

/**
 * N(−a·1, I) at x0, N(a·1, I) at x1. All four tables come from one generator with the numbers of
 * `torch.manual_seed(seed)` in PyTorch, in the order x0 train, x1 train, x0 test, x1 test.
 */
export const gaussianSet: DataSet = {
  about: "N(−a, I) at x0 and N(a, I) at x1, data.dim coordinates",
  classes: [],
  load: (options) =>
    drawnTable(options, { dim: 5 }, ({ n, dim, seed }) => {
      const { a = 0.1, end = "x0", split, n_train = usualCount } = options;
      if (!Number.isFinite(a))
        throw new DatasetError("InvalidOption", `a ${a}: expected a finite number; set data.a`);
      const generator = Generator.create(seed);
      const draw = (count: number) => gaussianEndpoints({ n: count, dim, a, generator });
      if (split === "test") tidy(() => void draw(n_train));
      return draw(n)[end];
    }),
};
