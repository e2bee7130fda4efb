import { equalTimes } from "../solver/grid.js";
import { type Bridge, type BridgeInfo, WebBridgeError } from "./bridge.js";
import type { Dynamics } from "./dynamics.js";
import { sample } from "./sample.js";
import { unitsOf } from "./units.js";

const divisorsOf = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i + 1).filter((k) => n % k === 0);

/**
 * A bridge of drifts, of a velocity, of means, or of draws of the endpoint.
 * @throws {WebBridgeError} without any.
 */
export function createBridge(dynamics: Dynamics): Bridge {
  const { networks, predicts = "drift", sigma = 1, times = 30 } = dynamics;
  const { info, course = null, mass = false } = dynamics;
  const shape = mass ? [dynamics.shape[0] - 1] : dynamics.shape;
  const { units = unitsOf({ shape }) } = dynamics;
  if (!(networks.f ?? networks.b))
    throw new WebBridgeError(
      "a bridge needs the drift of a direction; give networks.f or networks.b",
    );
  const grid = typeof times === "number" ? equalTimes(times) : times;
  const steps = grid.length - 1;
  const facts: BridgeInfo = {
    method: "",
    type: units.shape.length > 1 ? "pictures" : "vectors",
    columns: null,
    ends: ["source", "target"],
    conditions: [],
    direction: "f",
    ...info,
    shape: units.shape,
    directions: (["f", "b"] as const).filter((d) => predicts === "velocity" || networks[d]),
    random: predicts === "mean" || predicts === "endpoint" || (predicts === "drift" && sigma > 0),
    flow: predicts === "drift" || predicts === "velocity",
    steps,
    times: course,
    mass,
    stepChoices:
      dynamics.resample === false ? (predicts === "endpoint" ? divisorsOf(steps) : [steps]) : null,
  };
  if (!facts.directions.includes(facts.direction)) facts.direction = facts.directions[0] as "f";
  let running = 0;
  let isDisposed = false;
  const free = () => {
    if (isDisposed && running === 0) dynamics.dispose?.();
  };
  return {
    info: facts,
    async sample(x0, options = {}) {
      if (isDisposed) throw new WebBridgeError("the bridge is disposed; load it again");
      running += 1;
      try {
        return await sample(x0, options, { ...dynamics, grid, units, facts });
      } finally {
        running -= 1;
        free();
      }
    },
    dispose() {
      if (isDisposed) return;
      isDisposed = true;
      free();
    },
  };
}
