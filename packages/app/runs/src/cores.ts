// The number of processors that a run may use: all of them, or its share where several run side by side.
import { availableParallelism } from "node:os";

/** DSBM_CORES where it is set (a sweep sets it for its members), else the processors of the machine. */
export function cores(): number {
  const share = Number(process.env.DSBM_CORES);
  return Number.isInteger(share) && share >= 1 ? share : availableParallelism();
}
