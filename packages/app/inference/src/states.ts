// Samples of a run as states of its sampler, and back.
import type { Encoding } from "@dsbm/datasets";
import type { Tensor } from "@dsbm/torch";
import { withUnitMass } from "./plan.js";
import type { Trained } from "./trained.js";

interface StateSpace {
  encoding: Encoding | null;
  trained: Pick<Trained, "method">;
}

/** States of samples x [n, …]: latent maps [n, c, h, w], rows [n, d + 1] with masses of 1, or the samples. */
export const statesOf = ({ encoding, trained }: StateSpace, x: Tensor): Tensor =>
  encoding?.encode(x) ?? (trained.method.mass ? withUnitMass(x) : x);

/** New samples [n, …] of states without their masses: images of latent maps, or the states. */
export const samplesOf = ({ encoding }: StateSpace, states: Tensor): Tensor =>
  encoding?.decode(states) ?? states.clone();
