// Finds the ranks that caused a failed collective: a rank that fails says so in the store, the culprit does not.
import { isGone } from "@dsbm/files";
import {
  distributedError,
  isDistributedError,
  nameRanks,
  type RankError,
  reasonOf,
} from "./errors.js";
import type { Peer } from "./rendezvous.js";
import type { Store } from "./store.js";

interface Failure {
  store: Store;
  rank: number;
  /** All ranks, by rank. */
  peers: readonly Peer[];
  timeoutMs: number;
  /** Whether rank 0 serves the store. */
  hosted: boolean;
  what: string;
  error: unknown;
  /** Closes this rank's connections, so that ranks which wait for it fail too. */
  leave(): void;
}

const cell = new Int32Array(new SharedArrayBuffer(4));
const keyOf = (rank: number) => `failed/${rank}`;

/** Whether `isDone`, asked every 20 ms, is true within `timeoutMs`. Blocks. */
function waitFor(isDone: () => boolean, timeoutMs: number): void {
  const deadline = Date.now() + timeoutMs;
  while (!isDone() && Date.now() < deadline) Atomics.wait(cell, 0, 0, 20);
}

/** The error to throw, which names the ranks that are gone or late. */
export function diagnose(failure: Failure): RankError {
  const { store, rank, peers, timeoutMs, hosted, what } = failure;
  const reason = reasonOf(failure.error);
  const error = (message: string, ranks: readonly number[]) =>
    distributedError(`${what}: ${message}`, ranks, failure.error);
  const others = peers.filter((peer) => peer.rank !== rank);
  const ownKind = /timed? ?out/i.test(reason) ? "late" : "gone";
  try {
    store.set(keyOf(rank), ownKind);
    failure.leave();
    const silent = () => others.filter((peer) => !store.has(keyOf(peer.rank)));
    const dead = () => silent().filter((peer) => isGone(peer.process));
    const ranksOf = (list: readonly Peer[]) => list.map((peer) => peer.rank);
    waitFor(
      () => silent().length === 0 || dead().length > 0,
      Math.min(Math.max(timeoutMs / 4, 1000), 5000),
    );
    const gone = ranksOf(dead().length > 0 ? dead() : silent());
    const isLate =
      dead().length === 0 &&
      [ownKind, ...others.map((peer) => store.peek(keyOf(peer.rank)))].includes("late");
    if (isLate && gone.length > 0)
      return error(`${nameRanks(gone)} did not come within ${timeoutMs} ms`, gone);
    if (isLate && ownKind !== "late")
      return error(`the other ranks stopped waiting: this rank came over ${timeoutMs} ms late`, [
        rank,
      ]);
    if (gone.length === 0) return error(reason, []);
    return error(`${nameRanks(gone)} ${gone.length > 1 ? "are" : "is"} gone (${reason})`, gone);
  } catch (lost) {
    if (!isDistributedError(lost)) throw lost;
    return hosted && rank !== 0
      ? error(
          `rank 0, which serves the store, failed, stopped waiting or was killed (${reason})`,
          [0],
        )
      : error(`${reason}; and the store is gone too (${lost.message})`, []);
  } finally {
    // The store goes with rank 0: the others read first what happened.
    if (hosted && rank === 0)
      waitFor(
        () => others.every((peer) => isGone(peer.process) || store.has(keyOf(peer.rank))),
        1000,
      );
  }
}
