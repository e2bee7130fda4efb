// Ranks sign in at the store, where each one meets all others or learns why they cannot work together.
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { processName } from "@dsbm/files";
import type { RankPlace } from "./environment.js";
import { distributedError, nameRanks } from "./errors.js";
import { addressesOfMachine } from "./rendezvous.js";
import type { Store } from "./store.js";

/** A rank's own description when it joins. */
export interface Peer {
  /** The number of the process, from 0. */
  rank: number;
  /** The name of its machine. */
  host: string;
  /** A processName: its first part names the machine, the second is the pid. */
  process: string;
  /** The network namespace: containers of one machine have different loopbacks. */
  network: string;
  /** Its own address on the way to the store, if it took one. */
  address: string | null;
  /** What all ranks must have alike, by name. */
  terms: Record<string, string>;
}

/** Describes this rank to the others, with the `terms` in which all ranks must agree. */
export function introduce(
  { rank }: RankPlace,
  address: string | null,
  terms: Record<string, string>,
): Peer {
  return { rank, host: hostname(), process: processName(), network: network(), address, terms };
}

function network(): string {
  try {
    return readlinkSync("/proc/self/ns/net");
  } catch {
    return ""; // not Linux
  }
}

const pidOf = (peer: Partial<Peer>) => peer.process?.split("-")[1] ?? "unknown";

/**
 * Reads the entry of a rank in the store.
 * @throws {TorchError} if no rank wrote it.
 */
function entryOf<T>(text: string, key: string): T {
  try {
    return JSON.parse(text) as T;
  } catch (error) {
    throw distributedError(
      `the store has "${text.slice(0, 40)}" under ${key}, which no rank of dsbm wrote: set MASTER_PORT to a port that nothing else uses`,
      [],
      error,
    );
  }
}

function difference(me: Peer, peer: Peer): string | undefined {
  for (const key of new Set([...Object.keys(me.terms), ...Object.keys(peer.terms)])) {
    const here = me.terms[key];
    const there = peer.terms[key];
    if (here !== there)
      return `rank ${peer.rank} (process ${pidOf(peer)} on ${peer.host}) has ${key}=${there}, rank ${me.rank} has ${key}=${here}: start all ranks with the same`;
  }
  return undefined;
}

/** Why the ranks cannot work together, as the store keeps it. */
interface Refusal {
  message: string;
  ranks: readonly number[];
}

/**
 * Takes a rank in the store.
 * @throws {TorchError} if another process has it.
 */
async function claimRank(store: Store, me: Peer, deadline: number): Promise<void> {
  const key = `peer/${me.rank}`;
  if (store.add(`taken/${me.rank}`, 1) > 1) {
    // The other takes the rank first and writes who it is then.
    const until = Math.min(deadline, Date.now() + 5000);
    while (store.peek(key) === undefined && Date.now() < until) await sleep(20);
    const other = entryOf<Partial<Peer>>(store.peek(key) ?? "{}", key);
    throw distributedError(
      `rank ${me.rank} is there twice: process ${pidOf(other)} on ${other.host ?? "another host"} has it already; give each process its own RANK (or remove the store of an earlier run)`,
      [me.rank],
    );
  }
  store.set(key, JSON.stringify(me));
}

/** Reads the entries of missing ranks and moves them to `peers`. Returns why the ranks cannot work together; null if they can. */
function receivePeers(
  store: Store,
  { me, peers, missing }: { me: Peer; peers: Peer[]; missing: Set<number> },
): Refusal | null {
  for (const rank of missing) {
    const text = store.peek(`peer/${rank}`);
    if (text === undefined) continue;
    const peer = entryOf<Peer>(text, `peer/${rank}`);
    peers.push(peer);
    missing.delete(rank);
    const message = difference(me, peer);
    if (message) return { message, ranks: [rank] };
  }
  const note = store.peek("refused");
  return note === undefined ? null : entryOf<Refusal>(note, "refused");
}

/** Writes the refusal for the `present` ranks, lets them read it, and throws it. */
async function refuse(
  store: Store,
  { message, ranks }: Refusal,
  { present, serves }: { present: number; serves: boolean },
): Promise<never> {
  const note = JSON.stringify({ message, ranks });
  if (store.peek("refused") === undefined) store.set("refused", note);
  store.add("left", 1);
  // The store goes when its server does: let the others read why.
  const deadline = Date.now() + 1000;
  while (serves && store.add("left", 0) < present && Date.now() < deadline) await sleep(20);
  throw distributedError(message, ranks);
}

/**
 * Signs in and waits for all ranks.
 * @throws {TorchError} the same one on every present rank; it names missing, differing and doubled ranks
 */
export async function signIn(
  store: Store,
  me: Peer,
  worldSize: number,
  { timeoutMs, serves }: { timeoutMs: number; serves: boolean },
): Promise<Peer[]> {
  const deadline = Date.now() + timeoutMs;
  const peers: Peer[] = [me];
  const missing = new Set(Array.from({ length: worldSize }, (_, r) => r));
  missing.delete(me.rank);
  const refuseWith = (refusal: Refusal) =>
    refuse(store, refusal, { present: peers.length, serves });
  await claimRank(store, me, deadline);
  for (let pause = 5; missing.size > 0; pause = Math.min(pause * 1.5, 200)) {
    const refusal = receivePeers(store, { me, peers, missing });
    if (refusal) await refuseWith(refusal);
    if (missing.size === 0) break;
    if (Date.now() >= deadline) {
      const ranks = [...missing];
      await refuseWith({
        message: `${nameRanks(ranks)} of ${worldSize} did not come within ${timeoutMs} ms: start ${worldSize} processes, or correct WORLD_SIZE`,
        ranks,
      });
    }
    await sleep(pause);
  }
  return peers.sort((a, b) => a.rank - b.rank);
}

const machineOf = (peer: Peer) => `${peer.process.split("-")[0]} ${peer.network} ${peer.host}`;

/** The address on which peers reach this rank: the loopback if all share a machine. */
export function addressAmong(peers: readonly Peer[], me: Peer): string {
  return peers.every((peer) => machineOf(peer) === machineOf(me))
    ? "127.0.0.1"
    : (me.address ?? addressesOfMachine()[0] ?? "127.0.0.1");
}
