// A worker is the only process of its run.

/** One process. */
export const placeFromEnvironment = () => ({ rank: 0, worldSize: 1, localRank: 0, localSize: 1 });
/** Nothing joins processes. */
export const available = (): string[] => [];

const refuseRanks = (): never => {
  throw new Error("a page trains in one process");
};
/** No other processes. */
export const init = refuseRanks;
/** As `init`. */
export const averageAll = refuseRanks;
/** As `init`. */
export const distributedError = refuseRanks;
/** As `init`. */
export const isDistributedError = (): boolean => false;
/** As `init`. */
export const ProcessGroup = refuseRanks;
