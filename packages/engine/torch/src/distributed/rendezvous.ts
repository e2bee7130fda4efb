import { lookup } from "node:dns/promises";
import { readlinkSync } from "node:fs";
import { connect } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { processName } from "@dsbm/files";
import { type Place, portOf } from "./environment.js";
import { distributedError, nameRanks } from "./errors.js";
import { joinLocal, serveLocal } from "./local-store.js";
import { isLoopback, Store } from "./store.js";

/** A rank's own description when it joins. */
export interface Peer {
  rank: number;
  host: string;
  /** A processName: its first part names the machine, the second is the pid. */
  process: string;
  /** The network namespace: containers of one machine have different loopbacks. */
  network: string;
  /** Its own address on the way to the store, if it took one. */
  address: string | null;
  terms: Record<string, string>;
}

export function introduce(
  { rank }: Place,
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

function outward(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.filter((a) => !a.internal && a.family === "IPv4").map(({ address }) => address);
}

async function listenOn(host: string): Promise<string> {
  const addresses = outward();
  const results = await lookup(host, { all: true, family: 4 }).catch(() => []);
  return results.find(({ address }) => addresses.includes(address))?.address ?? "";
}

async function reach(host: string, port: number, deadline: number): Promise<string> {
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 500)) {
    const tried = await new Promise<{ address: string } | { code: string }>((resolve) => {
      const socket = connect({ host, port });
      socket.setTimeout(Math.max(1, deadline - Date.now()), () => fail("ETIMEDOUT"));
      const fail = (code: string) => {
        socket.destroy();
        resolve({ code });
      };
      socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      socket.on("connect", () => {
        const address = socket.localAddress ?? "";
        socket.destroy();
        resolve({ address });
      });
    });
    if ("address" in tried) return tried.address;
    if (Date.now() + pause >= deadline)
      throw distributedError(
        `no store is served at ${host}:${port} (${tried.code}): has rank 0 started, and are MASTER_ADDR and MASTER_PORT the same on every rank?`,
        [0],
      );
    await sleep(pause);
  }
}

/** Whether all ranks are on this machine, and the launcher serves no store. */
export const isHere = ({ address, served }: Place): boolean =>
  address !== null && !served && isLoopback(address);

/** The store of a place, served by rank 0 unless the launcher serves it, and this rank's address for the others. */
export async function meet(
  place: Place,
  timeoutMs: number,
): Promise<{ store: Store; address: string | null }> {
  if (place.address === null)
    throw distributedError(
      `rank ${place.rank} of ${place.worldSize} does not know where rank 0 is: set MASTER_ADDR and MASTER_PORT on every rank`,
    );
  const host = place.address;
  const port = place.port ?? portOf(place.attempt);
  const serves = place.rank === 0 && !place.served;
  const deadline = Date.now() + timeoutMs;
  if (isHere(place)) {
    const { attempt, worldSize } = place;
    const store = serves
      ? serveLocal(port, attempt, worldSize)
      : await joinLocal(port, { attempt, worldSize, deadline });
    return { store, address: "127.0.0.1" };
  }
  const listen = serves ? await listenOn(host) : "";
  const server = serves
    ? Store.tcp(listen || "127.0.0.1", port, { serves, timeoutMs, listen })
    : null;
  try {
    const local = await reach(host, port, deadline);
    const address = isLoopback(local) && !isLoopback(host) ? (outward()[0] ?? null) : local;
    const left = Math.max(1, deadline - Date.now());
    return { store: server ?? Store.tcp(host, port, { timeoutMs: left }), address };
  } catch (error) {
    server?.close();
    throw error;
  }
}

/** Reads the entry of a rank in the store. Throws a TorchError if no rank wrote it. */
function written<T>(text: string, key: string): T {
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

/**
 * Signs in and waits for all ranks. Throws the same TorchError on every present rank; it names missing, differing and
 * doubled ranks.
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

  const refuse = async (message: string, ranks: readonly number[]): Promise<never> => {
    const note = JSON.stringify({ message, ranks });
    if (store.peek("refused") === undefined) store.set("refused", note);
    const left = () => store.add("left", 1) - 1;
    left();
    // The store goes when its server does: let the others read why.
    const deadline = Date.now() + 1000;
    while (serves && store.add("left", 0) < peers.length && Date.now() < deadline) await sleep(20);
    throw distributedError(message, ranks);
  };

  if (store.add(`taken/${me.rank}`, 1) > 1) {
    const key = `peer/${me.rank}`;
    // The other takes the rank first and writes who it is then.
    const until = Math.min(deadline, Date.now() + 5000);
    while (store.peek(key) === undefined && Date.now() < until) await sleep(20);
    const other = written<Partial<Peer>>(store.peek(key) ?? "{}", key);
    throw distributedError(
      `rank ${me.rank} is there twice: process ${pidOf(other)} on ${other.host ?? "another host"} has it already; give each process its own RANK (or remove the store of an earlier run)`,
      [me.rank],
    );
  }
  store.set(`peer/${me.rank}`, JSON.stringify(me));
  for (let pause = 5; missing.size > 0; pause = Math.min(pause * 1.5, 200)) {
    for (const rank of missing) {
      const text = store.peek(`peer/${rank}`);
      if (text === undefined) continue;
      const peer = written<Peer>(text, `peer/${rank}`);
      peers.push(peer);
      missing.delete(rank);
      const differs = difference(me, peer);
      if (differs) await refuse(differs, [rank]);
    }
    const note = store.peek("refused");
    if (note !== undefined) {
      const { message, ranks } = written<{ message: string; ranks: number[] }>(note, "refused");
      await refuse(message, ranks);
    }
    if (missing.size === 0) break;
    if (Date.now() >= deadline) {
      const late = [...missing];
      await refuse(
        `${nameRanks(late)} of ${worldSize} did not come within ${timeoutMs} ms: start ${worldSize} processes, or correct WORLD_SIZE`,
        late,
      );
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
    : (me.address ?? outward()[0] ?? "127.0.0.1");
}
