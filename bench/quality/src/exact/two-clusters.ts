// Two Gaussian clusters whose masses change while they move, and the growth that their plan has.
import { growthPlan, stream } from "@dsbm/bridge";
import { cat, full, linspace, randn, type Tensor, tidy } from "@dsbm/torch";

/** Rows of each end. */
export const rowsOfEnd = 1000;
/** Of both clusters in every coordinate: ±`centre`, and later also `shift`. */
const centre = 3;
const shift = 0.5;
/** The share of the growing cluster. */
export const growingShares = { source: 1 / 4, target: 3 / 4 };

/** Rows of two Gaussian clusters, the growing one first. */
export function clusters(end: keyof typeof growingShares, d: number, purpose = "data"): Tensor {
  const n = rowsOfEnd;
  const growing = growingShares[end] * n;
  const side = (count: number, at: number) => full([count, d], at);
  const noise = randn([n, d], { generator: stream(1, `benchmark/growth/${end}/${d}/${purpose}`) });
  const centres = cat([side(growing, -centre), side(n - growing, centre)]);
  return centres.add(noise).add(end === "target" ? shift : 0);
}

/** Of the grid that has the truth, in deviations of a cluster. */
const spacing = 0.08;
const margin = 5;

/**
 * The log mass that samples [n, d] gain on the way, from the plan of both densities on a grid. Along the line through the
 * centres the densities differ, across it they are one Gaussian: potentials of the line are feasible in the whole space,
 * and nothing moves across. `enter` takes rows into the units of `delta`.
 */
export function trueGrowth(
  samples: Tensor,
  { delta, enter: into }: { delta: number; enter: (rows: Tensor) => Tensor },
): Tensor {
  return tidy(() => {
    const d = samples.size(1);
    const root = Math.sqrt(d);
    const reach = centre * root + margin;
    const density = (end: keyof typeof growingShares, s: Tensor) => {
      const by = end === "target" ? shift * root : 0;
      const bell = (at: number) =>
        s
          .sub(at + by)
          .square()
          .div(-2)
          .exp();
      return bell(-centre * root)
        .mul(growingShares[end])
        .add(bell(centre * root).mul(1 - growingShares[end]))
        .div(Math.sqrt(2 * Math.PI));
    };
    const n = Math.ceil((2 * reach) / spacing);
    const grid = linspace(-reach, reach, n, { dtype: "float64" });
    const points = { source: grid, target: grid.add(shift * root) };
    const length = (2 * reach * n) / (n - 1);
    const at = (end: keyof typeof growingShares) => {
      const s = points[end];
      const x = into(s.div(root).unsqueeze(1).expand([n, d])).to("float64");
      return { x, log: density(end, s).mul(length).add(1e-12).log() };
    };
    const [source, target] = [at("source"), at("target")];
    const logs = { logA: source.log, logB: target.log };
    const { plan, left, joined } = growthPlan(source.x, target.x, { delta, ...logs });
    const gained = plan.mul(joined.exp()).sum(1).div(plan.sum(1)).log().sub(left);
    const place = samples
      .sum(1)
      .div(root)
      .add(reach)
      .div((2 * reach) / (n - 1));
    const low = place.floor().clamp({ min: 0, max: n - 2 });
    const index = low.to("int64");
    const value = (k: Tensor) => gained.indexSelect(0, k);
    return value(index)
      .lerp(value(index.add(1)), place.sub(low))
      .keep();
  });
}
