// Drift, velocity and growth of a trained run at any points.
import {
  type Conditions,
  type Direction,
  driftOf,
  type Field,
  flowMargin,
  inBatches,
  logLikelihood,
  mapConditions,
  networkFlow,
  splitMass,
  wholeField,
} from "@dsbm/bridge";
import { ConfigError } from "@dsbm/config";
import { cat, noGrad, type Tensor } from "@dsbm/torch";
import type { BridgeLikelihoodOptions } from "./bridge-options.js";
import { withUnitMass } from "./plan.js";
import type { Trained, TrainedNetworks } from "./trained.js";

/** The most dimensions in which the trace is exact. */
const exactTraceDimensions = 8;

/** The vector fields of a run, in process time and in the units of its networks. */
export class Fields {
  /** The networks stay the caller's. */
  constructor(
    readonly trained: Trained,
    readonly networks: TrainedNetworks,
  ) {}

  /**
   * The drift of a direction, without gradients. Null without a network, and for steps without a
   * drift.
   */
  drift(direction: Direction, conditions?: Conditions): Field | null {
    const { trained, networks } = this;
    const { method, grid } = trained;
    if (!networks[direction] || method.sampler) return null;
    const field = (part: Conditions | undefined): Field =>
      driftOf({ ...trained, networks }, { direction, grid, conditions: part });
    return this.#byRows(
      (part) => this.#withoutMass(this.#whole(direction, field, part)),
      conditions,
    );
  }

  /**
   * The velocity of the probability flow in process time, at points x [n, …] and times [n]: [n, …]. Keeps gradients,
   * and takes all rows together, only if `keepsGradients`. Null: no flow.
   */
  velocity(conditions?: Conditions, { keepsGradients = false } = {}): Field | null {
    if (this.trained.method.sampler) return null;
    const field = (part: Conditions | undefined) => this.#withoutMass(this.#velocity(part));
    return keepsGradients ? field(conditions) : this.#byRows(field, conditions);
  }

  /**
   * The growth rate of mass at points [n, d] and times [n]: [n], without gradients; null: no
   * growth.
   */
  growth(conditions?: Conditions): Field | null {
    const { method } = this.trained;
    if (!method.mass || method.plan) return null;
    return this.#byRows((part) => {
      const velocity = this.#velocity(part);
      return (x, t) => splitMass(velocity(withUnitMass(x), t)).logMass;
    }, conditions);
  }

  /**
   * The log-density [n] of samples x [n, …], as `Bridge.likelihood` describes.
   * @throws {ConfigError} without a flow of constant mass, and for latent maps
   */
  likelihood(x: Tensor, options: BridgeLikelihoodOptions): Tensor {
    const { logDensity, conditions, direction = "f", steps = 25, generator } = options;
    const { method, chain, folder, config } = this.trained;
    if (config.data.latent !== null)
      throw new ConfigError(`${folder} bridges latent maps, whose density is not one of images`);
    const field = this.velocity(conditions, { keepsGradients: true });
    if (!field || method.mass)
      throw new ConfigError(`${method.name} has no probability flow of constant mass`);
    const [from, to] = direction === "f" ? [1, 0] : [0, 1];
    return logLikelihood(field, x, {
      logDensity,
      from,
      to,
      steps: steps * (chain ? chain.times.length - 1 : 1),
      probes: x.size(1) > exactTraceDimensions ? 1 : null,
      generator,
    });
  }

  #velocity(conditions: Conditions | undefined): Field {
    const { trained, networks } = this;
    const dynamics = { ...trained, networks, eps: flowMargin(trained) };
    return this.#whole("f", (part) => networkFlow({ ...dynamics, conditions: part }), conditions);
  }

  #whole(
    direction: Direction,
    within: (conditions: Conditions | undefined) => Field,
    conditions: Conditions | undefined,
  ): Field {
    const { chain } = this.trained;
    return chain ? wholeField(chain, direction, within, conditions) : within(conditions);
  }

  #withoutMass(field: Field): Field {
    if (!this.trained.method.mass) return field;
    return (x, t) => splitMass(field(withUnitMass(x), t)).x;
  }

  #byRows(
    field: (conditions: Conditions | undefined) => Field,
    conditions: Conditions | undefined,
  ): Field {
    const rowsAtOnce = this.trained.shape.length > 1 ? 16 : 4000;
    return (x, t) =>
      noGrad(() =>
        cat(
          inBatches(x, rowsAtOnce, (rows, first) => {
            const cut = (c: Tensor) => c.narrow(0, first, rows.size(0));
            return field(mapConditions(conditions, cut))(rows, cut(t));
          }),
        ),
      );
  }
}
