import { availableParallelism } from "node:os";

/** DSBM_CORES (set by a sweep for its members), else the processors of the machine. */
export function cores(): number {
  const share = Number(process.env.DSBM_CORES);
  return Number.isInteger(share) && share >= 1 ? share : availableParallelism();
}
