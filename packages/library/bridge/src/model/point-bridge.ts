// The Schrödinger bridge between two sets of points (Pooladian and Niles-Weed 2024).
import { Buffer, nn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { type Direction, targetOf } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { isOneTime } from "../core/one-time.js";
import { type Subsample, subsample } from "../core/subsample.js";
import { pointPotentials } from "../ot/point-potentials.js";

/** The drift x [B, …], t [B] → [B, …] of one direction. */
export class PointBridge extends nn.Module {
  /** The endpoint's points, centred, and their potential. */
  points: Buffer;
  /** Sinkhorn potential of each point. */
  potential = new Buffer(zeros([1]));
  /** Subtracted from points and inputs. */
  center: Buffer;
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));
  readonly #direction: Direction;

  constructor(shape: readonly number[], direction: Direction) {
    super();
    const d = shape.reduce((a, b) => a * b, 1);
    this.points = new Buffer(zeros([1, d]));
    this.center = new Buffer(zeros([d]));
    this.#direction = direction;
  }

  /** Solves between the rows of both tables, and returns the error of the sums; draws `most` of more rows. */
  fit(
    { x0, x1 }: Pick<Endpoints, "x0" | "x1">,
    epsilon: number,
    { most = 50_000 }: Pick<Subsample, "most"> = {},
  ): number {
    return tidy(() => {
      const points = (x: Tensor, side: "x" | "y") =>
        subsample(x, side, { most }).flatten({ startDim: 1 });
      const rows = { x0: points(x0, "x"), x1: points(x1, "y") };
      const center = rows.x0.mean(0).add(rows.x1.mean(0)).mul(0.5);
      const end = targetOf(this.#direction);
      const { u, v, error } = pointPotentials(rows.x0.sub(center), rows.x1.sub(center), {
        epsilon,
      });
      this.#put("points", rows[end].sub(center));
      this.#put("potential", end === "x1" ? v : u);
      this.center.copy_(center);
      this.epsilon.fill_(epsilon);
      return error;
    });
  }

  override loadStateDict(state: ReadonlyMap<string, Tensor>, options = {}): this {
    for (const name of ["points", "potential"] as const) {
      const from = state.get(name);
      const buffer = this[name];
      if (from && `${from.shape.slice(1)}` === `${buffer.shape.slice(1)}`) this.#put(name, from);
    }
    return super.loadStateDict(state, options);
  }

  #put(name: "points" | "potential", values: Tensor): void {
    let buffer = this[name];
    if (`${buffer.shape}` !== `${values.shape}`) {
      const { device, dtype } = buffer;
      const larger = tidy(() => new Buffer(zeros(values.shape, { device, dtype })).keep());
      buffer.dispose();
      this[name] = larger;
      buffer = larger;
    }
    buffer.copy_(values);
  }

  forward(x: Tensor, t: Tensor): Tensor {
    // One row of offsets if all rows have one time.
    const times = (isOneTime(t) ? t.narrow(0, 0, 1) : t).unsqueeze(1);
    const left = (this.#direction === "f" ? times.rsub(1) : times).clamp({ min: 1e-6 });
    const { points, potential, epsilon } = this;
    const from = x.flatten({ startDim: 1 }).sub(this.center);
    const variance = left.mul(epsilon);
    const passed = left.rsub(1).div(variance).mul(-0.5);
    const logits = potential.add(points.square().sum(1).mul(passed));
    const weights = logits.addmm(from.div(variance), points.t()).softmax(1);
    return weights.mm(points).sub(from).div(left).reshape(x.shape);
  }
}
