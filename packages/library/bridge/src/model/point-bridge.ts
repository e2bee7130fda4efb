// The Schrödinger bridge between two sets of points (Pooladian and Niles-Weed 2024), for each class.
import { Buffer, cat, full, nn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { type Conditions, conditionsAt, rowsWhere } from "../core/conditions.js";
import { type Direction, type Endpoint, targetOf } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { argumentError, dataError } from "../core/errors.js";
import { isOneTime } from "../core/one-time.js";
import { type Subsample, subsample } from "../core/subsample.js";
import { pointPotentials } from "../ot/point-potentials.js";
import { type ConditionKind, classOf, unconditioned } from "./condition.js";

/** The drift x [B, …], t [B] → [B, …] of one direction. */
export class PointBridge extends nn.Module {
  /** The endpoint's points, centred, and their potential. */
  points: Buffer;
  /** Sinkhorn potential of each point. */
  potential = new Buffer(zeros([1]));
  /** Subtracted from points and inputs. */
  center: Buffer;
  /** The class of each point; null without classes. */
  label: Buffer | null;
  /** Variance of the reference process over the whole time. */
  epsilon = new Buffer(zeros([]));
  readonly #direction: Direction;
  readonly #classes: number;

  /** Throws a BridgeError for conditions that are numbers, which points hardly share. */
  constructor(
    shape: readonly number[],
    direction: Direction,
    { classes, numbers }: ConditionKind = unconditioned,
  ) {
    super();
    if (numbers > 0)
      throw argumentError(
        "sinkhorn_bridge takes classes as conditions, got numbers: use classes, or gaussian_bridge or lightsb",
      );
    this.label = classes > 0 ? new Buffer(zeros([1], { dtype: "int64" })) : null;
    this.#classes = classes;
    const d = shape.reduce((a, b) => a * b, 1);
    this.points = new Buffer(zeros([1, d]));
    this.center = new Buffer(zeros([d]));
    this.#direction = direction;
  }

  /**
   * Solves between the rows of both tables, class by class, and returns the error of the sums;
   * draws `most` of more rows. Throws a BridgeError for a class without source or target rows.
   */
  fit(
    { x0, x1, conditions }: Pick<Endpoints, "x0" | "x1" | "conditions">,
    epsilon: number,
    { most = 50_000 }: Pick<Subsample, "most"> = {},
  ): number {
    return tidy(() => {
      const ends = { x0, x1 };
      const labels = (end: Endpoint) =>
        classOf("sinkhorn_bridge", conditionsAt(conditions, end)?.values, this.#classes);
      const of = (c: number) => (end: Endpoint) => rowsWhere(ends[end], labels(end), c);
      const groups = this.label
        ? Array.from({ length: this.#classes }, (_, c) => of(c))
        : [(end: Endpoint) => ends[end]];
      const pairs = groups.map((rows, c) => {
        const a = rows("x0");
        const b = rows("x1");
        if (a.size(0) === 0 || b.size(0) === 0)
          throw dataError(
            `class ${c} has ${a.size(0)} rows at time 0 and ${b.size(0)} at time 1; a Sinkhorn bridge of each class needs some at both: leave its rows out, or the condition`,
          );
        const points = (x: Tensor, side: "x" | "y") =>
          subsample(x, side, { most }).flatten({ startDim: 1 });
        return { x0: points(a, "x"), x1: points(b, "y") };
      });
      const meanOf = (end: Endpoint) => cat(pairs.map((pair) => pair[end])).mean(0);
      const center = meanOf("x0").add(meanOf("x1")).mul(0.5);
      const end = targetOf(this.#direction);
      const solved = pairs.map((pair) => {
        const { u, v, error } = pointPotentials(pair.x0.sub(center), pair.x1.sub(center), {
          epsilon,
        });
        return { points: pair[end].sub(center), potential: end === "x1" ? v : u, error };
      });
      this.#put("points", cat(solved.map(({ points }) => points)));
      this.#put("potential", cat(solved.map(({ potential }) => potential)));
      const labelled = ({ shape: [n = 0], device }: Tensor, c: number) =>
        full([n], c, { dtype: "int64", device });
      if (this.label) this.#put("label", cat(solved.map((one, c) => labelled(one.points, c))));
      this.center.copy_(center);
      this.epsilon.fill_(epsilon);
      return Math.max(...solved.map(({ error }) => error));
    });
  }

  override loadStateDict(state: ReadonlyMap<string, Tensor>, options = {}): this {
    for (const name of ["points", "potential", "label"] as const) {
      const from = state.get(name);
      const buffer = this[name];
      if (from && buffer && `${from.shape.slice(1)}` === `${buffer.shape.slice(1)}`)
        this.#put(name, from);
    }
    return super.loadStateDict(state, options);
  }

  #put(name: "points" | "potential" | "label", values: Tensor): void {
    let buffer = this[name]!;
    if (`${buffer.shape}` !== `${values.shape}`) {
      const { device, dtype } = buffer;
      const larger = tidy(() => new Buffer(zeros(values.shape, { device, dtype })).keep());
      buffer.dispose();
      this[name] = larger;
      buffer = larger;
    }
    buffer.copy_(values);
  }

  forward(x: Tensor, t: Tensor, conditions?: Conditions): Tensor {
    // One row of offsets if all rows have one time.
    const times = (isOneTime(t) ? t.narrow(0, 0, 1) : t).unsqueeze(1);
    const left = (this.#direction === "f" ? times.rsub(1) : times).clamp({ min: 1e-6 });
    const { points, potential, epsilon } = this;
    const from = x.flatten({ startDim: 1 }).sub(this.center);
    const variance = left.mul(epsilon);
    const passed = left.rsub(1).div(variance).mul(-0.5);
    const logits = potential.add(points.square().sum(1).mul(passed));
    let weighed = logits.addmm(from.div(variance), points.t());
    if (this.label) {
      const own = classOf("sinkhorn_bridge", conditions, this.#classes).unsqueeze(1);
      weighed = weighed.maskedFill(this.label.ne(own), Number.NEGATIVE_INFINITY);
    }
    const weights = weighed.softmax(1);
    return weights.mm(points).sub(from).div(left).reshape(x.shape);
  }
}
