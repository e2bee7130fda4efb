import { rowNoise } from "../noise/row-noise.js";
import { eulerMaruyama } from "../solver/euler-maruyama.js";
import { euler, heun, midpoint, probabilityFlow } from "../solver/flow.js";
import type { Direction, Field, Leg, Take } from "../solver/grid.js";
import { meanSteps } from "../solver/mean-steps.js";
import { type SampleOptions, WebBridgeError } from "./bridge.js";
import type { Network, Prepared } from "./create.js";
import { withoutMass } from "./mass.js";

interface Rows {
  n: number;
  leg: Leg;
  conditions: ((first: number, count: number) => unknown) | undefined;
}

/** One step of the chosen solver in a leg. Throws a WebBridgeError if the bridge has no such solver. */
export function takeOf(
  bridge: Prepared,
  options: SampleOptions & { direction: Direction },
  { n, leg, conditions }: Rows,
): Take {
  const { facts, networks, ends, predicts = "drift", sigma = 1, eps = 1e-4, shape } = bridge;
  const { direction, solver = "sde", seed = 42, first = 0 } = options;
  for (const [name, value] of Object.entries({ seed, first }))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new WebBridgeError(`${name} is ${value}; expected an integer of at least 0`);
  const field = (network: Network | null | undefined) =>
    network ? inParts(network, bridge, { n, leg, conditions }) : null;
  const both = { f: field(networks.f), b: field(networks.b) };
  const velocity = () => (both.f ?? both.b) as Field;
  if (solver !== "sde") {
    const step = { euler, heun }[solver];
    if (!step) throw new WebBridgeError(`solver is "${solver}"; expected sde, heun or euler`);
    if (!facts.flow)
      throw new WebBridgeError(`${facts.method} has no probability flow; use solver "sde"`);
    return step(predicts === "velocity" ? velocity() : probabilityFlow(both, { eps, leg }));
  }
  if (predicts === "velocity") return (facts.mass ? midpoint : euler)(velocity());
  const drift = both[direction];
  if (!drift)
    throw new WebBridgeError(
      `direction is "${direction}", which this bridge does not have; use "${facts.direction}", or solver "heun", whose flow runs both ways`,
    );
  const { lastNoise = true, stepVariance = "process" } = bridge;
  const isSeveral = (bridge.course?.process.length ?? 0) > 2;
  const purpose = isSeveral ? `${direction}/${leg.index}` : direction;
  const draw = rowNoise({ first, n, size: sizeOf(shape) }, { seed, purpose });
  const noise = facts.mass ? () => withoutMass(draw(), n) : draw;
  if (predicts === "mean" && bridge.means)
    return meanSteps(drift, { direction, schedule: bridge.means, lastNoise, noise });
  const end = field(ends?.[direction]);
  const shares = bridge.noiseShare?.[direction];
  const how = { direction, sigma, stepVariance, shares, lastNoise, end, leg, noise };
  return eulerMaruyama(drift, how);
}

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Evaluates a network in parts, so that its memory has a bound. */
function inParts(
  network: Network,
  { shape, batch = shape.length > 1 ? 8 : 1000 }: Prepared,
  { n, leg, conditions }: Rows,
): Field {
  const size = sizeOf(shape);
  return async (x, time) => {
    const out = new Float32Array(x.length);
    for (let at = 0; at < n; at += batch) {
      const count = Math.min(batch, n - at);
      const rows = x.subarray(at * size, (at + count) * size);
      out.set(
        await network(rows, {
          n: count,
          time,
          interval: leg.index,
          conditions: conditions?.(at, count),
        }),
        at * size,
      );
    }
    return out;
  };
}
