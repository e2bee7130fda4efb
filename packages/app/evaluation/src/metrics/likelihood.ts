// Likelihood of held-out data if the source's density is known: along the probability flow from a
// Gaussian, and in closed form for LightSB's mixture.
import {
  type Endpoint,
  type Gaussian,
  gaussianLogDensity,
  gaussianOf,
  MixturePotential,
  mapConditions,
  meanEstimate,
  mixtureLogLikelihood,
  stream,
} from "@dsbm/bridge";
import { gaussianName, testConditions, testRows } from "@dsbm/problem";
import { type Device, eye, type Tensor, tensor, tidy, zeros } from "@dsbm/torch";
import { estimated } from "../bounds.js";
import type { Measuring } from "../measuring.js";
import type { Metric, SampleSet } from "../metric.js";
import type { Subject } from "../subject.js";
import { forVectors } from "./endpoints.js";

const most = 1000;
const together = 250;
const mostStarts = 2000;
const mostValues = 512;

export const likelihoodMetric: Metric = {
  name: "nll",
  title: "negative log-likelihood of data, nats a value",
  group: "ends",
  meaning:
    "−log density of held-out data over their number of values. Floor: under their own density, if it is known; ceiling: under a Gaussian with the moments of the source.",
  isRare: true,
  serves: forVectors,
  lacks: lacksDensity,
  async measure(set, context) {
    const { data, direction, side } = set;
    const { subject } = context;
    const log = logDensityOf(set, context);
    const logs: number[] = [];
    const n = Math.min(most, data.size(0));
    const values = data.size(1);
    for (let first = 0; first < n; first += together) {
      if (await context.isStopped(`measuring ${direction}, likelihood`)) return "stopped";
      const count = Math.min(together, n - first);
      logs.push(...tidy(() => log(data.narrow(0, first, count), first).toNumbers()));
    }
    return tidy(() => {
      // A density depends on the unit of the values.
      const each = (t: Tensor) => t.div(-values).add(Math.log(subject.unit));
      const under = (law: Gaussian | null) =>
        law &&
        each(gaussianLogDensity(data.narrow(0, 0, n), law))
          .mean()
          .item();
      return {
        ...estimated(meanEstimate(each(tensor(Float64Array.from(logs))))),
        floor: under(lawOf(side, subject)),
        ceiling: under(fittedTo(set.start)),
        n,
      };
    });
  },
};

function lacksDensity(
  context: Measuring,
  { direction, side }: Pick<SampleSet, "direction" | "side">,
): string | null {
  const { ends, bridge, trained } = context.subject;
  const isMixture = bridge.networks[direction] instanceof MixturePotential;
  const isConditioned = testConditions(ends, side, 1, context.options.split) !== undefined;
  if (isMixture)
    return isConditioned
      ? `${trained.method.name} has a likelihood without conditions only, and these rows have conditions`
      : null;
  const from = side === "x0" ? "x1" : "x0";
  if (tidy(() => lawOf(from, context.subject) === null))
    return "the source has no known density: it has one if it is normal, gaussian or the Gaussian of transfer=false, or with LightSB";
  return bridge.flow() ? null : `${trained.method.name} has no probability flow`;
}

function logDensityOf(
  { direction, from, side, data }: SampleSet,
  { subject, options: { seed, split } }: Measuring,
): (rows: Tensor, first: number) => Tensor {
  const { ends, bridge, trained } = subject;
  const device = trained.config.device as Device;
  const network = bridge.networks[direction];
  if (network instanceof MixturePotential)
    return (rows) => {
      const starts = testRows(ends[from], mostStarts, seed, "train");
      return mixtureLogLikelihood(network, rows.to({ device }), starts.to({ device }));
    };
  const conditions = testConditions(ends, side, data.size(0), split);
  return (rows, first) => {
    const part = mapConditions(conditions, (c) => c.narrow(0, first, rows.size(0)).to({ device }));
    return bridge
      .likelihood(rows.to({ device }), {
        direction,
        given: part,
        logDensity: (x) => gaussianLogDensity(x, lawOf(from, subject) as Gaussian),
        generator: stream(seed, `quality/${direction}/likelihood/${first}`, rows.device),
      })
      .to({ device: "cpu" });
  };
}

function lawOf(end: Endpoint, { ends, trained }: Subject): Gaussian | null {
  const { name, moments } = ends[end];
  const { mean_final, var_final, data } = trained.config;
  const [d] = ends.shape as [number];
  const isotropic = (mean: number, variance: number): Gaussian => ({
    mean: zeros([d]).add(mean),
    covariance: eye(d).mul(variance),
  });
  if (name === gaussianName)
    return moments
      ? { mean: moments.mean.squeeze(0), covariance: moments.std.squeeze(0).square().diagEmbed() }
      : isotropic(mean_final, var_final);
  if (ends.projection) return null;
  if (name === "normal") return isotropic(0, 1);
  return name === "gaussian" ? isotropic(end === "x0" ? -data.a : data.a, 1) : null;
}

function fittedTo(rows: Tensor): Gaussian | null {
  const [n = 0, d = 0] = rows.shape;
  if (d > mostValues || n < 2 * d) return null;
  const gaussian = gaussianOf(rows);
  const variances = gaussian.covariance.linalgEigh()[0].toNumbers();
  const least = variances.at(0) ?? 0;
  const greatest = variances.at(-1) ?? 0;
  return least > 1e-9 * greatest ? gaussian : null;
}
