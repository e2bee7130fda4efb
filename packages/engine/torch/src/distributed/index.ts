// Several processes and machines on PyTorch's own collectives: `init` finds the others and makes the group.
import { setTimeout as sleep } from "node:timers/promises";
import { TorchError } from "../binding/errors.js";
import { guarded, native } from "../binding/native.js";
import { ownEndpoints } from "./endpoints.js";
import { type Place, placeFromEnvironment, portOf } from "./environment.js";
import { DistributedError, nameRanks, reasonOf } from "./errors.js";
import { type Closing, Group } from "./group.js";
import { c10d } from "./native.js";
import {
  addressAmong,
  areTogether,
  introduce,
  isHere,
  type Meeting,
  meet,
  type Peer,
  signIn,
} from "./rendezvous.js";
import { readSecret } from "./secret.js";
import type { Store } from "./store.js";
import type { Tunnel } from "./tunnel.js";

export { type BucketOptions, broadcastAll, GradientBuckets } from "./buckets.js";
export { type Place, placeFromEnvironment } from "./environment.js";
export { DistributedError } from "./errors.js";
export { type CallOptions, Group, type ReduceOptions } from "./group.js";
export type { Reduction } from "./header.js";
export { Store } from "./store.js";

/** A library for the exchange of data: `gloo` on processors, `nccl` on GPUs, `mpi` on whatever MPI was built for. */
export type Backend = "gloo" | "nccl" | "mpi";

/** The back ends that this libtorch was built with. */
export function available(): Backend[] {
  return guarded(() => c10d.backends()) as Backend[];
}

export interface InitOptions {
  /** Default `gloo`. */
  backend?: Backend;
  /** Default: from the launcher's environment. */
  rank?: number;
  worldSize?: number;
  /**
   * A file of at least 16 bytes, yours alone and the same for all ranks; default: the text of DSBM_DIST_SECRET. Ranks on
   * several machines that share a secret prove it to each other and encrypt what they exchange.
   */
  secretFile?: string | null;
  /** Where the ranks meet; default: MASTER_ADDR and MASTER_PORT, or what the launcher implies. It is not closed. */
  store?: Store;
  /** How long a collective waits for other ranks; default ten minutes. */
  timeoutMs?: number;
  /** How long `init` waits for them; default `timeoutMs`. */
  joinTimeoutMs?: number;
  /** Whether ranks compare call, dtype and shape before each collective; default true. */
  check?: boolean;
  /** What must be the same on all ranks besides: a rank that differs is refused with the key. */
  terms?: Readonly<Record<string, string | number | boolean>>;
}

/** How often this process has begun an `init`: all ranks count alike, and each call uses keys of its own in the store. */
let inits = 0;

function placeOf({ rank, worldSize }: InitOptions): Place {
  const place = placeFromEnvironment();
  if (rank === undefined && worldSize === undefined) return place;
  const [r, n] = [rank ?? place.rank, worldSize ?? place.worldSize];
  if (!Number.isSafeInteger(n) || n < 1 || !Number.isSafeInteger(r) || r < 0 || r >= n)
    throw new DistributedError(
      `rank ${r} of ${n} processes: expected a rank from 0 to worldSize - 1`,
    );
  return { ...place, rank: r, worldSize: n };
}

function checkTimeout(name: string, ms: number): void {
  if (!Number.isFinite(ms) || ms < 1 || ms > 2 ** 31 - 1)
    throw new DistributedError(`${name} is ${ms}: expected milliseconds, at least 1`);
}

/**
 * Joins this process to the others of its job and makes a group of them; every rank calls it, equally often.
 * Blocks nothing while it waits. Throws a DistributedError that names the rank which is missing, there twice, or
 * started in other terms; the port that is taken; the variable that makes no sense; the back end that is not there.
 */
export async function init(options: InitOptions = {}): Promise<Group> {
  const { backend = "gloo", timeoutMs = 600_000, check = true, terms = {} } = options;
  const { joinTimeoutMs = timeoutMs } = options;
  checkTimeout("timeoutMs", timeoutMs);
  checkTimeout("joinTimeoutMs", joinTimeoutMs);
  const secret = options.store ? null : readSecret(options.secretFile);
  const place = placeOf(options);
  // A launcher's own store asks nobody for a secret.
  if (secret && place.served)
    Object.assign(place, { served: false, port: portOf(`${place.port} ${place.attempt}`) });
  const known = available();
  if (!known.includes(backend))
    throw new DistributedError(
      `this libtorch has no back end "${backend}"; it has ${known.join(", ") || "none"}`,
    );
  const { rank, worldSize } = place;
  // A store in a file outlives the ranks.
  const hosted = options.store === undefined && !place.served && !isHere(place);
  const deadline = Date.now() + joinTimeoutMs;
  const met: Meeting = options.store
    ? { store: options.store, address: null, port: null, tunnel: null }
    : await meet(place, joinTimeoutMs, secret);
  const { tunnel } = met;
  const owned: Closing[] = options.store ? [] : [met.store];
  if (tunnel) owned.push(tunnel);
  try {
    const store = met.store.prefix(`dsbm/${place.attempt}/${inits++}`);
    owned.unshift(store);
    const me = introduce(rank, met, {
      WORLD_SIZE: worldSize,
      backend,
      check,
      libtorch: native.info()[0],
      ...terms,
    });
    const peers = await signIn(store, me, worldSize, {
      timeoutMs: Math.max(1, deadline - Date.now()),
      serves: hosted && rank === 0,
      tunnel,
    });
    const id = await open(backend, store, owned, { peers, me, timeoutMs, tunnel });
    // Those of the tunnel's own thread belong to other ranks.
    const ends = tunnel
      ? ownEndpoints().filter((end) => end.startsWith("127.0.0.1:"))
      : ownEndpoints();
    store.set(`ends/${rank}`, JSON.stringify(tunnel ? [tunnel.address, ...ends] : ends));
    const mates = peers.filter((p) => p.host === me.host && p.machine === me.machine);
    return new Group(id, {
      ...{ backend, rank, worldSize, timeoutMs, store, hosted, check, owned },
      isExposed: worldSize > 1 && !options.store && !tunnel && !isHere(place),
      localRank: mates.findIndex((p) => p.rank === rank),
      localSize: mates.length,
    });
  } catch (error) {
    for (const one of owned) one.close();
    throw error;
  }
}

/** Leads the addresses on which the ranks of other machines will listen to them; gives this rank's own device. */
async function openWays(
  tunnel: Tunnel,
  store: Store,
  { peers, me, timeoutMs }: { peers: readonly Peer[]; me: Peer; timeoutMs: number },
): Promise<number> {
  const own = () => ownEndpoints().filter((end) => end.startsWith(`${tunnel.address}:`));
  const before = own();
  const device = guarded(() => c10d.deviceOpen(tunnel.address, ""));
  const port = Number(
    own()
      .find((end) => !before.includes(end))
      ?.split(":")[1],
  );
  if (!port) throw new DistributedError("this process cannot see its own ports in /proc/self/net");
  await tunnel.allow(port);
  store.set(`device/${me.rank}`, String(port));
  const deadline = Date.now() + timeoutMs;
  for (const { rank, address, port: open } of peers.filter((peer) => !areTogether(peer, me))) {
    const key = `device/${rank}`;
    while (!store.has(key)) {
      if (Date.now() > deadline)
        throw new DistributedError(`${nameRanks([rank])} did not open a device in time`, [rank]);
      await sleep(5);
    }
    const to = { rank, host: address as string, port: open as number };
    await tunnel.forward(tunnel.addressOf(rank), Number(store.get(key)), to);
  }
  return device;
}

async function open(
  backend: Backend,
  store: Store,
  owned: Closing[],
  {
    tunnel,
    ...ranks
  }: { peers: readonly Peer[]; me: Peer; timeoutMs: number; tunnel: Tunnel | null },
): Promise<number> {
  const { peers, me, timeoutMs } = ranks;
  // NCCL's watchdogs end the process where ours is to throw.
  process.env.TORCH_NCCL_ASYNC_ERROR_HANDLING ??= "0";
  process.env.TORCH_NCCL_BLOCKING_WAIT ??= "1";
  process.env.TORCH_NCCL_ENABLE_MONITORING ??= "0";
  const own = store.prefix(backend);
  owned.unshift(own);
  const address = addressAmong(peers, me);
  const network = process.env.GLOO_SOCKET_IFNAME?.split(",")[0] ?? "";
  const where = tunnel
    ? "their open ports"
    : network
      ? `network interface ${network} (GLOO_SOCKET_IFNAME)`
      : address;
  if (tunnel && backend !== "gloo")
    throw new DistributedError(
      `a secret protects gloo alone, and ${backend} listens on ports of its own: leave the secret out where the network is private`,
    );
  let id: number;
  try {
    const device = tunnel
      ? await openWays(tunnel, store, ranks)
      : backend === "gloo"
        ? guarded(() => c10d.deviceOpen(address, network))
        : 0;
    id = guarded(() => c10d.groupOpen(backend, own.id, me.rank, peers.length, timeoutMs, device));
  } catch (error) {
    throw new DistributedError(
      `${backend} cannot connect the ranks over ${where}: ${reasonOf(error)}`,
      [],
      error,
    );
  }
  const [rank, size] = c10d.groupPlace(id);
  if (rank !== me.rank || size !== peers.length)
    throw new TorchError(
      "ERR_TORCH_DISTRIBUTED",
      `${backend} gives rank ${rank} of ${size}, the launcher rank ${me.rank} of ${peers.length}: start all processes by one launcher`,
    );
  return id;
}
