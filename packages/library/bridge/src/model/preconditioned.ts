// A network between inputs and outputs of unit variance, so that an untrained one is the drift between Gaussians of
// the data's moments.
import { Buffer, type Generator, nn, noGrad, type Tensor, tidy, zeros } from "@dsbm/torch";
import { IntervalTable } from "../chain/network.js";
import { type Conditions, conditionsAt, rowsWhere } from "../core/conditions.js";
import type { Direction } from "../core/direction.js";
import type { Chain, Endpoints } from "../core/endpoints.js";
import { argumentError } from "../core/errors.js";
import type { Network } from "../core/network.js";
import { isOneTime } from "../core/one-time.js";
import { asColumn, onCells, type ReferenceProcess } from "../process/process.js";
import { FittedMixture } from "./fitted-mixture.js";
import type { MixtureNumbers } from "./mixture-potential.js";

/** Inputs and outputs at points and times of a direction, each [B or 1, …]. */
interface Scales {
  /** The direction's clock, [B], and the clock of the whole time for several intervals. */
  u: Tensor;
  clock: Tensor;
  mean: Tensor;
  inward: Tensor;
  end: Tensor;
  skip: Tensor;
  outward: Tensor;
}

interface PreconditionedOptions {
  chain?: Chain | undefined;
  direction?: Direction | null;
  coupled?: boolean;
  /** Fits a mixture instead of Gaussians. */
  mixture?: MixtureNumbers | undefined;
}

type Choose = (forward: Tensor, backward: Tensor) => Tensor;

const leastVariance = 1e-3;

/**
 * The drift x [B, …], t [B] → [B, …] from a network F(x, u, direction) on the direction's clock u. The Gaussians
 * are independent (De Bortoli et al. 2024), or `coupled` by their Schrödinger bridge, coordinate by coordinate
 * (Bunne et al. 2023).
 */
export class Preconditioned extends nn.Module {
  /** Learns the difference from the known drift. */
  net: Network;
  /** Means and variances of both endpoints, [2, d] or [2, C, 1, 1]; [K, 2, d] for a chain. */
  mean: Buffer;
  /** Variance of the rows, in the shape of `mean`. */
  variance: Buffer;
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));

  /** Times of a chain; null for two datasets. */
  intervals: IntervalTable | null;

  /** LightSB's forward mixture instead of Gaussians. */
  mixture_f: FittedMixture | null = null;
  /** LightSB's backward mixture. */
  mixture_b: FittedMixture | null = null;

  readonly #direction: Direction | null;
  /** Whether the Gaussians are joined by their bridge. */
  readonly coupled: boolean;

  constructor(
    net: Network,
    shape: readonly number[],
    { chain, direction = null, coupled = false, mixture }: PreconditionedOptions = {},
  ) {
    super();
    this.net = net;
    this.#direction = direction;
    this.coupled = coupled;
    this.intervals = chain ? new IntervalTable(chain) : null;
    const each = chain ? [chain.times.length - 1] : [];
    const bufferShape = [...each, 2, ...shape.map((size, i) => (i === 0 ? size : 1))];
    this.mean = new Buffer(zeros(bufferShape));
    this.variance = new Buffer(tidy(() => zeros(bufferShape).add(1)));
    if (!mixture) return;
    if (chain || shape.length !== 1)
      throw argumentError(
        `precondition=mixture is for vectors between two ends, got ${chain ? `${chain.times.length} marginals` : `samples of shape [${shape}]`}: write precondition=true`,
      );
    if (direction !== "b") this.mixture_f = new FittedMixture(shape, mixture);
    if (direction !== "f") this.mixture_b = new FittedMixture(shape, mixture);
  }

  /** The network, which `loss` calls by itself. */
  get inner(): readonly Network[] {
    return [this.net];
  }

  /** Takes the moments of the moving cells of rows of both endpoints (default: all cells), for each interval of a chain. */
  initialise(
    { conditions, ...data }: Pick<Endpoints, "x0" | "x1" | "conditions">,
    epsilon: number,
    process: Pick<ReferenceProcess, "cells"> = {},
  ): void {
    noGrad(() =>
      tidy(() => {
        for (const [i, end] of (["x0", "x1"] as const).entries()) {
          const x = data[end];
          if (!this.intervals) {
            this.#setMoments(x, this.mean.select(0, i), this.variance.select(0, i), process);
            continue;
          }
          const interval = conditionsAt(conditions, end)!.values.interval!;
          for (let k = 0; k < this.mean.size(0); k++) {
            const members = rowsWhere(x, interval, k);
            const at = (moments: Tensor) => moments.select(0, k).select(0, i);
            if (members.size(0) > 0)
              this.#setMoments(members, at(this.mean), at(this.variance), process);
          }
        }
        for (const of of [this, this.mixture_f, this.mixture_b]) of?.epsilon.fill_(epsilon);
      }),
    );
  }

  /** Fits LightSB's mixtures to rows of both endpoints [n, d], if the model has them. */
  fitMixtures({ x0, x1 }: Endpoints, epsilon: number, generator: Generator): void {
    this.mixture_f?.fit({ start: x0, end: x1 }, epsilon, generator);
    this.mixture_b?.fit({ start: x1, end: x0 }, epsilon, generator);
  }

  #setMoments(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    process: Pick<ReferenceProcess, "cells">,
  ): void {
    const [centre, spread] = channelMoments(x, process);
    const floor = spread.mean().mul(leastVariance).add(1e-12);
    mean.copy_(centre.squeeze(0));
    variance.copy_(spread.maximum(floor).squeeze(0));
  }

  #scales(x: Tensor, t: Tensor, conditions: Conditions): Scales {
    const at = this.intervals?.of(conditions);
    const one = isOneTime(t) && !at;
    const first = (y: Tensor) => (one ? y.narrow(0, 0, 1) : y);
    const time = first(t);
    const forward = conditions.direction && first(conditions.direction);
    const chosen = this.#chooser(forward && asColumn(forward, x));
    const chosenTime = this.#chooser(forward);
    const clock = chosenTime(time, time.rsub(1));
    const u = asColumn(clock, x);
    const both = (all: Tensor) =>
      (at ? all.indexSelect(0, at.index).unbind({ dim: 1 }) : all.unbind()) as [Tensor, Tensor];
    const [m0, m1] = both(this.mean);
    const [v0, v1] = both(this.variance);
    const startMean = chosen(m0, m1);
    const end = chosen(m1, m0);
    const start = chosen(v0, v1);
    const variance = chosen(v1, v0);
    const left = u.rsub(1);
    const noise = u.mul(left).mul(this.epsilon);
    const apart = start.mul(left.square()).add(variance.mul(u.square())).add(noise);
    const shared = this.#covariance(start, variance);
    const all = shared ? apart.add(shared.mul(u).mul(left), { alpha: 2 }) : apart;
    const known = u.mul(variance);
    const skip = (shared ? known.add(shared.mul(left)) : known).div(all);
    const times = one ? clock.expand([x.size(0)]) : clock;
    return {
      u: times,
      clock: at ? wholeClock(times, chosenTime, at) : times,
      mean: startMean.mul(left).add(end.mul(u)),
      inward: all.rsqrt(),
      end,
      skip,
      outward: variance.mul(known.mul(u).div(apart).rsub(1)).sqrt(),
    };
  }

  #chooser(share: Tensor | undefined): Choose {
    const fixed = this.#direction;
    if (fixed) return (f, b) => (fixed === "f" ? f : b);
    if (!share) throw argumentError("a bidirectional network needs a direction");
    return (f, b) => f.mul(share).sub(b.mul(share.sub(1)));
  }

  #covariance(start: Tensor, end: Tensor): Tensor | null {
    if (!this.coupled) return null;
    const half = this.epsilon.div(2);
    return start.mul(end).add(half.square()).sqrt().sub(half);
  }

  /** The network's output for x [B, …] at times t [B], the known endpoint and the deviation of its error, each [B or 1, …]. */
  protected predict(x: Tensor, t: Tensor, conditions: Conditions) {
    const scales = this.#scales(x, t, conditions);
    const centred = x.sub(scales.mean);
    const { interval: _, ...others } = conditions;
    const output = this.net.forward(centred.mul(scales.inward), scales.clock, others);
    const drift = this.#mixture(x, scales.u, conditions);
    const known = drift
      ? drift.mul(asColumn(scales.u, x).rsub(1)).add(x)
      : centred.mul(scales.skip).add(scales.end);
    return { ...scales, known, output };
  }

  #mixture(x: Tensor, u: Tensor, { direction }: Conditions): Tensor | null {
    const { mixture_f: f, mixture_b: b } = this;
    if (!f || !b) return (f ?? b)?.forward(x, u) ?? null;
    return this.#chooser(asColumn(direction!, x))(f.forward(x, u), b.forward(x, u));
  }

  forward(x: Tensor, t: Tensor, conditions: Conditions = {}): Tensor {
    const { u, known, outward, output } = this.predict(x, t, conditions);
    const guess = output.mul(outward).add(known);
    const left = (isOneTime(u) ? u.narrow(0, 0, 1) : u).rsub(1).clamp({ min: 1e-6 });
    return guess.sub(x).div(asColumn(left, x));
  }

  /** Mean squared error, in cells that move, of the network's own output for the endpoint [B, …] of x [B, …] at times t [B]. */
  loss(
    x: Tensor,
    t: Tensor,
    conditions: Conditions,
    reached: Tensor,
    process: Pick<ReferenceProcess, "cells"> = {},
  ): Tensor {
    const { known, outward, output } = this.predict(x, t, conditions);
    const target = reached.sub(known).div(outward);
    return onCells(process, output.sub(target)).square().mean();
  }
}

/** Mean and variance of each channel of rows x [n, C, …] over its moving cells, each [1, C, 1, …]. */
function channelMoments(
  x: Tensor,
  process: Pick<ReferenceProcess, "cells">,
): [mean: Tensor, variance: Tensor] {
  const over = x.shape.flatMap((_, dim) => (dim === 1 ? [] : [dim]));
  const { cells } = process;
  if (!cells)
    return [x.mean(over, { keepdim: true }), x.var({ dim: over, correction: 0, keepdim: true })];
  const count = cells.mask.sum(over, { keepdim: true }).mul(x.size(0)).clamp({ min: 1 });
  const average = (y: Tensor) => onCells(process, y).sum(over, { keepdim: true }).div(count);
  const mean = average(x);
  return [mean, average(x.sub(mean).square())];
}

const wholeClock = (
  u: Tensor,
  chosen: Choose,
  { from, length }: { from: Tensor; length: Tensor },
): Tensor =>
  // Backward an interval starts at 1 − from − length.
  chosen(from, from.add(length).rsub(1)).add(u.mul(length));
