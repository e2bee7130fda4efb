// Parts of a training that vectors and images share, on our side.
import { bridge, device, repeatInScope, torch, waitForDevice } from "./engine.mjs";

const RATE = 1e-4;

/** A training step forward as a function of rows: bridge, loss, clipping, Adam, an average of this rate, NaN check. */
export function stepOf(problem, rate = null) {
  const network = problem.method.network("f");
  const step = bridge.trainingStep({
    ...{ problem, network, direction: "f" },
    optimizer: new torch.optim.Adam(network.parameters(), { lr: RATE }),
    ema: rate && new torch.optim.EMA(network, rate),
    generator: bridge.stream(0, "train", device),
  });
  return (rows) => {
    const [loss] = step(rows);
    if (!Number.isFinite(loss.item())) throw new Error("the loss is NaN");
  };
}

/** Simulations from one end by a new network: so many, or for none one of a chunk of rows, which records the program. */
export function simulation({ data, process, method: options }, direction, { grid, ...how }) {
  const { method, network } = options;
  const { lastNoise, ...execution } = how;
  const net = network(direction).eval();
  const sampler = new bridge.Sampler({
    ...{ method, process, grid, networks: { b: net, f: net }, ...execution },
  });
  const generator = bridge.stream(0, "simulate", device);
  const start = direction === "f" ? data.x0 : data.x1;
  const simulateFrom = (rows) =>
    repeatInScope(() =>
      waitForDevice(sampler.simulate(direction, rows, { grid, generator, lastNoise })),
    );
  const chunk = start.narrow(0, 0, Math.min(start.size(0), execution.chunkRows ?? start.size(0)));
  return (reps) => (reps > 0 ? simulateFrom(start)(reps) : simulateFrom(chunk)(1));
}
