// Numbers that a training reads from random rows of its data before it begins: weights of a model, moments of endpoints.
import {
  conditionsAt,
  type Direction,
  type Endpoint,
  type Endpoints,
  eachEndpoint,
  endpointMoments,
  gatherEndpoints,
  type Network,
  stream,
} from "@dsbm/bridge";
import { type Generator, noGrad, randperm, type Tensor, tidy } from "@dsbm/torch";
import type { CompleteProblem } from "../problem.js";

/** At most so many numbers, but no fewer rows than `fewestRows` and no more than `mostRows`. */
const mostNumbers = 4_000_000;
const fewestRows = 10_000;
const mostRows = 100_000;

function countOf({ numel, shape: [n = 0] }: Tensor): number {
  const most = Math.min(mostRows, Math.floor(mostNumbers / (numel / Math.max(1, n))));
  return Math.min(n, Math.max(fewestRows, most));
}

function someRows({ data }: Pick<CompleteProblem, "data">, generator: Generator): Endpoints {
  const drawn = eachEndpoint((end) => {
    const { device } = data[end];
    return randperm(data[end].size(0), { generator, device }).narrow(0, 0, countOf(data[end]));
  });
  const rows = gatherEndpoints(data, (end) => drawn[end], { decode: data.decode, generator });
  return Object.assign(rows, { chain: data.chain });
}

/** Sets a new model's tensors from random rows, a function of the seed; `prepare` trains a part of them. */
export function beginNetwork(
  problem: CompleteProblem,
  direction: Direction,
  network: Network,
  hook: "begin" | "prepare" = "begin",
): void {
  const { method, data, process, seed } = problem;
  const { model } = method.method;
  const work = model?.[hook];
  if (!work) return;
  const generator = stream(seed, `begin/${direction}`, data.x0.device);
  noGrad(() =>
    tidy(() => {
      work({ network, direction, data: someRows(problem, generator), process, generator });
    }),
  );
}

/** The moments [2, d] that simulated endpoints take; null if they keep their own. */
export function simulatedMoments(problem: CompleteProblem): Record<Endpoint, Tensor> | null {
  const { method, data, process, seed } = problem;
  if (!method.matchMoments) return null;
  const generator = stream(seed, "moments", data.x0.device);
  return noGrad(() =>
    tidy(() => {
      const rows = someRows(problem, generator);
      const of = (end: Endpoint) => {
        const interval = conditionsAt(rows.conditions, end)?.values.interval;
        const intervals = (data.chain?.times.length ?? 2) - 1;
        const { cells } = process;
        return endpointMoments(rows[end], { interval, intervals, cells }).keep();
      };
      return { x0: of("x0"), x1: of("x1") };
    }),
  );
}
