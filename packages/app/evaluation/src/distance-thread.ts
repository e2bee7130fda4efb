// One exact distance in a thread of its own: see distances.ts.
import { parentPort, workerData } from "node:worker_threads";
import { wasserstein } from "@dsbm/bridge";
import { setNumThreads, tensor, tidy } from "@dsbm/torch";
import type { DistanceTask } from "./distances.js";

setNumThreads(1);
const { points, p, seed } = workerData as DistanceTask;
const [x, y] = points.map(({ values, shape }) => tensor(values).view(shape)) as [never, never];
parentPort?.postMessage(tidy(() => wasserstein(x, y, { p, seed })));
