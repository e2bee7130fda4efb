import { guarded, native } from "../binding/native.js";
import { ownEndpoints } from "./endpoints.js";
import { type Place, placeFromEnvironment } from "./environment.js";
import { distributedError, reasonOf } from "./errors.js";
import { type Closing, Group } from "./group.js";
import { c10d } from "./native.js";
import {
  addressAmong,
  introduce,
  isHere,
  type Meeting,
  meet,
  type Peer,
  signIn,
} from "./rendezvous.js";
import type { Store } from "./store.js";

export { type BucketOptions, GradientBuckets } from "./buckets.js";
export { type Place, placeFromEnvironment } from "./environment.js";
export { distributedError, isDistributedError } from "./errors.js";
export { type CallOptions, Group, type ReduceOptions } from "./group.js";
export type { Reduction } from "./header.js";
export { Store } from "./store.js";

/** `gloo` for processors, `nccl` for GPUs, `mpi` for whatever MPI was built for. */
export type Backend = "gloo" | "nccl" | "mpi";

export function available(): Backend[] {
  return guarded(() => c10d.backends()) as Backend[];
}

export interface InitOptions {
  /** Default `gloo`. */
  backend?: Backend;
  rank?: number;
  worldSize?: number;
  /** Where the ranks meet (default: as the launcher says); it is not closed. */
  store?: Store;
  timeoutMs?: number;
  joinTimeoutMs?: number;
  /** Whether ranks compare call, dtype and shape before each collective; default true. */
  check?: boolean;
  terms?: Readonly<Record<string, string | number | boolean>>;
}

let inits = 0;

function placeOf({ rank, worldSize }: InitOptions): Place {
  const place = placeFromEnvironment();
  if (rank === undefined && worldSize === undefined) return place;
  const chosen = {
    ...place,
    rank: rank ?? place.rank,
    worldSize: worldSize ?? place.worldSize,
  };
  const isRank = Number.isSafeInteger(chosen.rank) && chosen.rank >= 0;
  if (!Number.isSafeInteger(chosen.worldSize) || !isRank || chosen.rank >= chosen.worldSize)
    throw distributedError(
      `rank ${chosen.rank} of ${chosen.worldSize} processes: expected a rank from 0 to worldSize - 1`,
    );
  return chosen;
}

function checkTimeout(name: string, ms: number): void {
  if (!Number.isFinite(ms) || ms < 1 || ms > 2 ** 31 - 1)
    throw distributedError(`${name} is ${ms}: expected milliseconds, at least 1`);
}

/**
 * Joins this process to the others; every rank calls it equally often. Throws a TorchError that names the missing,
 * doubled or differing rank, the occupied port, the wrong variable, or the missing back end.
 */
export async function init(options: InitOptions = {}): Promise<Group> {
  const { backend = "gloo", timeoutMs = 600_000, check = true, terms = {} } = options;
  const { joinTimeoutMs = timeoutMs } = options;
  checkTimeout("timeoutMs", timeoutMs);
  checkTimeout("joinTimeoutMs", joinTimeoutMs);
  const place = placeOf(options);
  const known = available();
  if (!known.includes(backend))
    throw distributedError(
      `this libtorch has no back end "${backend}"; it has ${known.join(", ") || "none"}`,
    );
  const { rank, worldSize } = place;
  // A store in a file outlives the ranks.
  const hosted = options.store === undefined && !place.served && !isHere(place);
  const deadline = Date.now() + joinTimeoutMs;
  const meeting: Meeting = options.store
    ? { store: options.store, address: null }
    : await meet(place, joinTimeoutMs);
  const owned: Closing[] = options.store ? [] : [meeting.store];
  try {
    const store = meeting.store.prefix(`dsbm/${place.attempt}/${inits++}`);
    owned.unshift(store);
    const me = introduce(rank, meeting.address, {
      WORLD_SIZE: worldSize,
      backend,
      check,
      libtorch: native.info()[0],
      ...terms,
    });
    const peers = await signIn(store, me, worldSize, {
      timeoutMs: Math.max(1, deadline - Date.now()),
      serves: hosted && rank === 0,
    });
    const id = openGroup(backend, store, owned, { peers, me, timeoutMs });
    store.set(`ends/${rank}`, JSON.stringify(ownEndpoints()));
    const mates = peers.filter((p) => p.host === me.host && p.machine === me.machine);
    return new Group(id, {
      backend,
      rank,
      worldSize,
      timeoutMs,
      store,
      hosted,
      check,
      owned,
      isExposed: worldSize > 1 && !options.store && !isHere(place),
      localRank: mates.findIndex((p) => p.rank === rank),
      localSize: mates.length,
    });
  } catch (error) {
    for (const one of owned) one.close();
    throw error;
  }
}

function openGroup(
  backend: Backend,
  store: Store,
  owned: Closing[],
  { peers, me, timeoutMs }: { peers: readonly Peer[]; me: Peer; timeoutMs: number },
): number {
  // NCCL's watchdogs end the process where ours is to throw.
  process.env.TORCH_NCCL_ASYNC_ERROR_HANDLING ??= "0";
  process.env.TORCH_NCCL_BLOCKING_WAIT ??= "1";
  process.env.TORCH_NCCL_ENABLE_MONITORING ??= "0";
  const prefixed = store.prefix(backend);
  owned.unshift(prefixed);
  const address = addressAmong(peers, me);
  const network = process.env.GLOO_SOCKET_IFNAME?.split(",")[0] ?? "";
  let id: number;
  try {
    const device = backend === "gloo" ? guarded(() => c10d.deviceOpen(address, network)) : 0;
    id = guarded(() =>
      c10d.groupOpen(backend, prefixed.id, me.rank, peers.length, timeoutMs, device),
    );
  } catch (error) {
    const way = network ? `network interface ${network} (GLOO_SOCKET_IFNAME)` : address;
    throw distributedError(
      `${backend} cannot connect the ranks over ${way}: ${reasonOf(error)}`,
      [],
      error,
    );
  }
  const [rank, size] = c10d.groupPlace(id);
  if (rank !== me.rank || size !== peers.length)
    throw distributedError(
      `${backend} gives rank ${rank} of ${size}, the launcher rank ${me.rank} of ${peers.length}: start all processes by one launcher`,
    );
  return id;
}
