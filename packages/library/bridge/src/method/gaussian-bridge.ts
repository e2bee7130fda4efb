import type { Batch } from "../core/batch.js";
import { FittedGaussian } from "../model/fitted-gaussian.js";
import type { Method } from "./method.js";
import { outputOptions, pairOptions } from "./options.js";

/** The Schrödinger bridge between Gaussians with the moments of the data, in closed form (Bunne et al. 2023). */
export const gaussian_bridge = {
  name: "gaussian_bridge",
  title: "Gaussian bridge",
  predicts: "drift",
  networks: "bidirectional",
  onlyBrownian: true,
  eps: 0,
  onnx: false,
  takes: { ignored: [...outputOptions, ...pairOptions], conditions: false },
  guide: [{ use: "a baseline, the exact drift between Gaussians", lack: "two moments only" }],
  model: {
    type: FittedGaussian,
    create: ({ shape }) => new FittedGaussian(shape),
    fit({ network, data, process }) {
      (network as FittedGaussian).fit(data.x0, data.x1, process.sigma ** 2);
      return 0;
    },
  },
} satisfies Method<Batch>;
