// The mean of a step: towards the Gaussian (the reference), or what a network predicts.
import { full, type Tensor } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import type { Field } from "../solver/solver.js";
import { type Langevin, pull, type StepMean } from "./langevin.js";

/**
 * x + (mean − x)·γ/(2v), a Langevin step for N(mean, v), or x + (mean − x)·γ/2 where the noise has variance γv
 * (De Bortoli et al. 2021, §3.1). Throws a BridgeError where mean or variance have not the shape of a sample.
 */
export function referenceMean(process: Langevin): StepMean {
  const { mean } = process;
  return (x, { gamma }) => {
    checkShape(process, x);
    const way = typeof mean === "number" ? x.rsub(mean) : mean.sub(x);
    const share = pull(process, gamma);
    return typeof share === "number" ? x.add(way, { alpha: share }) : x.addcmul(way, share);
  };
}

/** What a network predicts: the mean itself (`meanMatch`), or x + scale·net(x, k); its time is the step's count k. */
export function networkMean(net: Field, { meanMatch }: Pick<Langevin, "meanMatch">): StepMean {
  return (x, { k, scale }) => {
    const output = net(x, full([x.size(0)], k, { device: x.device, dtype: x.dtype }));
    return meanMatch ? output : x.add(output, { alpha: scale });
  };
}

/** Broadcasting would make sense of shapes that make none. */
function checkShape({ mean, variance }: Langevin, x: Tensor): void {
  const sample = x.shape.slice(1);
  for (const [name, t] of Object.entries({ mean, variance }))
    if (typeof t !== "number" && `${t.shape}` !== `${sample}`)
      throw argumentError(
        `the ${name} at time 1 has shape [${t.shape}], samples have [${sample}]; give one value a coordinate`,
      );
}
