// Finds the rank that caused a failed collective: a failing rank writes a report into the store, the culprit none.

import { rankBehind } from "./endpoints.js";
import {
  distributedError,
  isDistributedError,
  nameRanks,
  type RankError,
  reasonOf,
} from "./errors.js";
import type { Store } from "./store.js";

interface Report {
  what: string;
  kind: "gone" | "late" | "other";
  blames: number[];
}

interface Case {
  store: Store;
  rank: number;
  worldSize: number;
  timeoutMs: number;
  backend: string;
  hosted: boolean;
  what: string;
  error: unknown;
  /** Closes this rank's connections, so that ranks which wait for it fail too. */
  leave(): void;
}

function kindOf(reason: string): Report["kind"] {
  if (/timed? ?out/i.test(reason)) return "late";
  return /closed|reset|broken pipe|read error|write error/i.test(reason) ? "gone" : "other";
}

/** The caller sleeps for the `yield`ed milliseconds. Returns the error to throw. */
export function* diagnose(c: Case): Generator<number, RankError> {
  const reason = reasonOf(c.error);
  let kind = kindOf(reason);
  const error = (message: string, ranks: readonly number[]) =>
    distributedError(`${c.what}: ${message}`, ranks, c.error);
  try {
    const others = Array.from({ length: c.worldSize }, (_, r) => r).filter((r) => r !== c.rank);
    const report = (blames: readonly number[]) =>
      c.store.set(`failed/${c.rank}`, JSON.stringify({ what: c.what, kind, blames }));
    const read = (rank: number): Report | undefined => {
      const text = c.store.peek(`failed/${rank}`);
      return text === undefined ? undefined : (JSON.parse(text) as Report);
    };
    const gone = (ranks: readonly number[], by = "") =>
      error(`${nameRanks(ranks)} ${ranks.length > 1 ? "are" : "is"} gone${by} (${reason})`, ranks);
    const missed = (by: readonly number[], where: string) =>
      error(
        `${nameRanks(by)} stopped waiting for this rank in ${where}: it came more than ${c.timeoutMs} ms late`,
        [c.rank],
      );
    const late = (ranks: readonly number[]) => {
      const seen = ranks.slice(0, 4).map((rank) => {
        const at = c.store.peek(`${c.backend}/at/${rank}`);
        return `${nameRanks([rank])} ${at === undefined ? "has begun none" : `was last seen at collective ${at}`}`;
      });
      return error(
        `${nameRanks(ranks)} did not come within ${c.timeoutMs} ms (${seen.join(", ")})`,
        ranks,
      );
    };
    const verdictOf = (from: number, its: Report): RankError | undefined => {
      const lost = its.blames.filter((rank) => rank !== c.rank);
      if (its.kind === "late" && lost.length < its.blames.length) return missed([from], its.what);
      if (lost.length === 0) return undefined;
      if (its.kind === "gone") return gone(lost, `, as rank ${from} reports`);
      return kind === "late" && its.blames.every((rank) => read(rank) === undefined)
        ? late(its.blames)
        : error(`rank ${from} stopped waiting for ${nameRanks(its.blames)}`, its.blames);
    };

    const suspect = kind === "late" ? undefined : rankBehind(reason, c.store, c.worldSize);
    if (suspect !== undefined && suspect !== c.rank) {
      // A rank that fails writes a report before it leaves; the report may not have arrived yet.
      for (let waited = 0; waited < 60 && read(suspect) === undefined; waited += 20) yield 20;
      const its = read(suspect);
      if (its === undefined) {
        report([suspect]);
        return gone([suspect]);
      }
      // It closed its connections because it waited too long itself.
      kind = its.kind;
    }
    report([]);
    c.leave();
    const waitMs = Math.min(Math.max(c.timeoutMs / 4, 1000), 5000);
    for (let waited = 0; ; waited += 20) {
      const silent = others.filter((rank) => read(rank) === undefined);
      for (const rank of others) {
        const its = read(rank);
        const verdict = its && verdictOf(rank, its);
        if (verdict) {
          report(verdict.ranks);
          return verdict;
        }
      }
      if (silent.length > 0 && waited < waitMs) {
        yield 20;
        continue;
      }
      if (silent.length === 0) return error(reason, []);
      report(silent);
      if (kind === "gone") return gone(silent);
      if (kind === "other") return error(reason, []);
      return late(silent);
    }
  } catch (lost) {
    if (!isDistributedError(lost)) throw lost;
    return c.hosted && c.rank !== 0
      ? error(
          `rank 0, which serves the store, failed, stopped waiting or was killed (${reason})`,
          [0],
        )
      : error(`${reason}; and the store is gone too (${lost.message})`, []);
  }
}

/** Waits, as the server of the store, until the others have read what happened. */
export function* linger(store: Store, others: readonly number[]): Generator<number, void> {
  for (let waited = 0; waited < 1000; waited += 20) {
    if (others.every((rank) => store.has(`failed/${rank}`))) return;
    yield 20;
  }
}

export function blocking<T>(steps: Generator<number, T>): T {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    Atomics.wait(cell, 0, 0, step.value);
  }
}
