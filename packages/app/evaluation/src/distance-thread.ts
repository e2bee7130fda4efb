import { parentPort } from "node:worker_threads";
import { wasserstein } from "@dsbm/bridge";
import { setNumThreads, tensor, tidy } from "@dsbm/torch";
import type { DistanceTask } from "./distances.js";

setNumThreads(1);
parentPort?.on("message", ({ points, p, seed }: DistanceTask) => {
  const [x, y] = points.map(({ values, shape }) => tensor(values).view(shape)) as [never, never];
  parentPort?.postMessage(tidy(() => wasserstein(x, y, { p, seed })));
});
