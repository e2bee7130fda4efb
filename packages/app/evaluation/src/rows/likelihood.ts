// How likely held-out data are where the density at the start is known: along the probability flow from a Gaussian, and in
// closed form for LightSB, whose ends are a mixture.
import {
  type End,
  type Gaussian,
  gaussianLogDensity,
  gaussianOf,
  logLikelihood,
  MixturePotential,
  mapConditions,
  meanEstimate,
  mixtureLogLikelihood,
  stream,
} from "@dsbm/bridge";
import { gaussianName, testConditions, testRows } from "@dsbm/problem";
import type { QualityRow } from "@dsbm/runs";
import { eye, type Tensor, tensor, tidy, zeros } from "@dsbm/torch";
import type { Carried, MeasureOptions } from "../carried.js";
import type { Subject } from "../subject.js";

export const likelihoodName = "nll";

/** Data along the flow at most, and in one batch. */
const [most, together] = [1000, 250];
/** Steps of the Runge–Kutta method for each interval. */
const steps = 25;
/** Dimensions up to which the trace is exact; beyond, Hutchinson's estimate has one probe. */
const exactTrace = 8;
/** Training rows of the start that stand for its density in closed form. */
const mostStarts = 2000;
/** Values of a sample up to which a Gaussian is fitted to them. */
const mostValues = 512;

export async function likelihoodRows(
  carried: Carried,
  subject: Subject,
  options: MeasureOptions,
): Promise<QualityRow[]> {
  if (!options.wants(likelihoodName)) return [];
  const found = densityOf(carried, subject, options);
  if (typeof found === "string") {
    options.reasons.set(likelihoodName, found);
    return [];
  }
  const { direction, side } = carried;
  const logs: number[] = [];
  const { data } = carried;
  const [n, values] = [Math.min(most, data.size(0)), data.size(1)];
  for (let first = 0; first < n; first += together) {
    if (await options.stopped(`measuring ${direction}, likelihood`)) return [];
    const count = Math.min(together, n - first);
    logs.push(...tidy(() => found.log(data.narrow(0, first, count), first).toNumbers()));
  }
  return [
    tidy(() => {
      // In nats a value; a density of values in another unit has another one.
      const each = (log: Tensor) => log.div(-values).add(Math.log(subject.unit));
      const under = (law: Gaussian | null) =>
        law &&
        each(gaussianLogDensity(data.narrow(0, 0, n), law))
          .mean()
          .item();
      return {
        metric: likelihoodName,
        title: "negative log-likelihood of data, nats a value",
        direction,
        ...meanEstimate(each(tensor(Float64Array.from(logs)))),
        floor: under(lawOf(side, subject)),
        ceiling: under(fittedTo(carried.start)),
        ...{ better: "lower" as const, group: "ends" as const },
        about: `−log density of ${n} data, divided by their ${values} values, ${found.about}; floor: under their own density, where it is known; ceiling: under a Gaussian with the moments of the starts`,
      };
    }),
  ];
}

/** The log-density of rows of data, of which the first has a place among all; or why there is none. */
function densityOf(
  { direction, from, side, data }: Carried,
  subject: Subject,
  { seed, split }: MeasureOptions,
): { about: string; log(rows: Tensor, first: number): Tensor } | string {
  const { ends, networks, trained, vectors } = subject;
  if (!vectors) return "it is for vectors";
  const given = testConditions(ends, side, data.size(0), split);
  const network = networks[direction];
  const device = trained.config.device as "cpu";
  if (network instanceof MixturePotential)
    return given
      ? `that of ${trained.method.name} is measured without conditions, and these rows have some`
      : {
          about: `under the mixture that ${trained.method.name} makes of ${mostStarts} training starts at most`,
          log(rows) {
            const starts = testRows(ends[from], mostStarts, seed, "train");
            return mixtureLogLikelihood(network, rows.to({ device }), starts.to({ device }));
          },
        };
  if (!tidy(() => lawOf(from, subject) !== null))
    return "the density of the starts is not known: it is where they are normal, gaussian or the Gaussian of transfer=false, and LightSB has one of its own";
  if (!subject.flow(undefined)) return `${trained.method.name} has no probability flow`;
  const [start, end] = direction === "f" ? [0, 1] : [1, 0];
  return {
    about: "along the probability flow from a known Gaussian",
    log(rows, first) {
      const own = mapConditions(given, (c) => c.narrow(0, first, rows.size(0)).to({ device }));
      const field = subject.flow(own) as NonNullable<ReturnType<Subject["flow"]>>;
      return logLikelihood(field, rows.to({ device }), {
        ...{ from: end, to: start, steps: steps * (ends.between.length + 1) },
        logDensity: (x) => gaussianLogDensity(x, lawOf(from, subject) as Gaussian),
        probes: rows.size(1) > exactTrace ? 1 : null,
        generator: stream(seed, `quality/${direction}/likelihood/${first}`, rows.device),
      }).to({ device: "cpu" });
    },
  };
}

/** The Gaussian that an end is; null for others. */
function lawOf(end: End, { ends, trained }: Subject): Gaussian | null {
  const { name, moments } = ends[end];
  const { mean_final, var_final, data } = trained.config;
  const [d] = ends.shape as [number];
  const isotropic = (mean: number, variance: number): Gaussian => ({
    ...{ mean: zeros([d]).add(mean), covariance: eye(d).mul(variance) },
  });
  if (name === gaussianName)
    return moments
      ? { mean: moments.mean.squeeze(0), covariance: moments.std.squeeze(0).square().diagEmbed() }
      : isotropic(mean_final, var_final);
  if (ends.projection) return null;
  if (name === "normal") return isotropic(0, 1);
  return name === "gaussian" ? isotropic(end === "x0" ? -data.a : data.a, 1) : null;
}

/** A Gaussian with the moments of rows; null where these are too few for so many values, or lie in a plane. */
function fittedTo(rows: Tensor): Gaussian | null {
  const [n = 0, d = 0] = rows.shape;
  if (d > mostValues || n < 2 * d) return null;
  const found = gaussianOf(rows);
  const variances = found.covariance.linalgEigh()[0].toNumbers();
  const [least = 0, greatest = 0] = [variances.at(0), variances.at(-1)];
  return least > 1e-9 * greatest ? found : null;
}
