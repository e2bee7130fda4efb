// The exact Gaussian bridge as fields of tensors.
import { full, tidy } from "@dsbm/torch";
import type { Direction } from "../src/core/direction.js";
import { exactDrift, exactVelocity, type GaussianBridge } from "../src/metric/gaussian-bridge.js";
import type { Field } from "../src/solver/solver.js";

/** A field that is affine at each time; t [B] has one value. */
const affine =
  (at: (t: number) => { slope: number; shift: number }): Field =>
  (x, t) => {
    const { slope, shift } = at(tidy(() => t.select(0, 0).item()));
    return x.mul(slope).add(full([1], shift, { dtype: x.dtype }));
  };

export const exactField = (direction: Direction, bridge: GaussianBridge): Field =>
  affine((t) => exactDrift(direction, bridge, t));

/** The velocity of the marginals. */
export const exactFlow = (bridge: GaussianBridge): Field => affine((t) => exactVelocity(bridge, t));
