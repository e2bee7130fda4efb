// The Schrödinger bridge between two sets of points (Pooladian and Niles-Weed 2024): the drift towards the points of one
// end, weighted by Sinkhorn's potentials. Nothing is trained.
import { arange, Buffer, nn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { type Direction, endOf } from "../core/direction.js";
import type { Endpoints } from "../core/endpoints.js";
import { isOneTime } from "../core/one-time.js";
import { pointPotentials } from "../ot/point-potentials.js";

/** Points of an end at most: the work of an iteration grows with their square. */
const most = 50_000;

/** Rows [n, …] as points [n, d], at most `most`, evenly spaced. */
function pointsOf(rows: Tensor): Tensor {
  const n = rows.size(0);
  const points = rows.flatten({ startDim: 1 });
  if (n <= most) return points;
  const index = arange(0, most, { dtype: "float64", device: rows.device }).mul(n / most);
  return points.indexSelect(0, index.floor().to("int64"));
}

/** The drift x [B, …], t [B] → [B, …] of one direction. */
export class PointBridge extends nn.Module {
  /** The points of the end that the direction runs to, less the centre of all points; and their potential. */
  points: Buffer;
  potential = new Buffer(zeros([1]));
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

  /** Solves between the rows of both ends; of more than 50,000 evenly spaced ones are used. The error of the sums. */
  fit({ x0, x1 }: Pick<Endpoints, "x0" | "x1">, epsilon: number): number {
    return tidy(() => {
      const [a, b] = [pointsOf(x0), pointsOf(x1)];
      const center = a.mean(0).add(b.mean(0)).mul(0.5);
      const ends = { x0: a.sub(center), x1: b.sub(center) };
      const { u, v, error } = pointPotentials(ends.x0, ends.x1, { epsilon });
      const end = endOf(this.#direction);
      this.#put("points", ends[end]);
      this.#put("potential", end === "x1" ? v : u);
      this.center.copy_(center);
      this.epsilon.fill_(epsilon);
      return error;
    });
  }

  /** The number of points is that of the state. */
  override loadStateDict(state: ReadonlyMap<string, Tensor>, options = {}): this {
    for (const name of ["points", "potential"] as const) {
      const from = state.get(name);
      if (from && `${from.shape.slice(1)}` === `${this[name].shape.slice(1)}`)
        this.#put(name, from);
    }
    return super.loadStateDict(state, options);
  }

  /** Copies values in; another buffer where there are more or fewer. */
  #put(name: "points" | "potential", values: Tensor): void {
    const own = this[name];
    if (`${own.shape}` !== `${values.shape}`) {
      this[name] = tidy(() => new Buffer(zeros(values.shape, { device: own.device })).keep());
      own.dispose();
    }
    this[name].copy_(values);
  }

  forward(x: Tensor, t: Tensor): Tensor {
    // One row of weights' offsets where all rows have one time.
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
