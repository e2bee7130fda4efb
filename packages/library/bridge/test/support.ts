// The exact Gaussian bridge as fields of tensors, and fields as networks.
import { full, nn, type Tensor, tidy } from "@dsbm/torch";
import type { Direction } from "../src/core/direction.js";
import { joinMass } from "../src/coupling/growth.js";
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

/** dx/dt = cos(3t)·x, by which x(t) = x(0)·exp(sin(3t)/3). */
export const oscillating: Field = (x, t) => x.mul(t.mul(3).cos().unsqueeze(1));
/** What x grows by along it. */
export const oscillation = (from: number, to: number): number =>
  Math.exp((Math.sin(3 * to) - Math.sin(3 * from)) / 3);

/** A network that gives a field, and has no weights. */
export class FieldNetwork extends nn.Module {
  constructor(private readonly field: Field) {
    super();
  }
  forward(x: Tensor, t: Tensor): Tensor {
    return this.field(x, t);
  }
}

/** Samples x [n, d] that all have a logarithm of their mass: [n, d + 1]. */
export const withLogMass = (x: Tensor, logMass: number) => joinMass(x, full([x.size(0)], logMass));
