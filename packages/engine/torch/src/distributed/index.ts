import { guarded, native } from "../binding/native.js";
import { placeFromEnvironment } from "./environment.js";
import { distributedError, reasonOf } from "./errors.js";
import { Group } from "./group.js";
import { c10d } from "./native.js";
import { addressAmong, introduce, isHere, meet, type Peer, signIn } from "./rendezvous.js";
import type { Store } from "./store.js";

export { averageAll } from "./average.js";
export { placeFromEnvironment } from "./environment.js";
export { distributedError, isDistributedError } from "./errors.js";
export { Group } from "./group.js";

/** `gloo` for processors, `nccl` for GPUs. */
type Backend = "gloo" | "nccl";

/** The back ends of this libtorch. */
export function available(): Backend[] {
  return guarded(() => c10d.backends()) as Backend[];
}

/** How ranks meet and exchange. */
export interface InitOptions {
  /** Default `gloo`. */
  backend?: Backend;
  /** Longest wait for another rank (default 10 minutes). */
  timeoutMs?: number;
  /** Default `timeoutMs`. */
  joinTimeoutMs?: number;
  /** What must be the same on all ranks. */
  terms?: Readonly<Record<string, string>>;
}

let inits = 0;

/**
 * Joins this process to the others; every rank calls it equally often. Throws a TorchError that names the missing,
 * doubled or differing rank, the occupied port, the wrong variable, or the missing back end.
 */
export async function init({
  backend = "gloo",
  timeoutMs = 600_000,
  joinTimeoutMs = timeoutMs,
  terms = {},
}: InitOptions = {}): Promise<Group> {
  const place = placeFromEnvironment();
  const known = available();
  if (!known.includes(backend))
    throw distributedError(
      `this libtorch has no back end "${backend}"; it has ${known.join(", ") || "none"}`,
    );
  const { rank, worldSize } = place;
  // A store in a file outlives the ranks.
  const hosted = !place.served && !isHere(place);
  const deadline = Date.now() + joinTimeoutMs;
  const meeting = await meet(place, joinTimeoutMs);
  const owned = [meeting.store];
  try {
    const store = meeting.store.prefix(`dsbm/${place.attempt}/${inits++}`);
    owned.unshift(store);
    const me = introduce(place, meeting.address, {
      WORLD_SIZE: String(worldSize),
      backend,
      libtorch: native.info()[0],
      ...terms,
    });
    const peers = await signIn(store, me, worldSize, {
      timeoutMs: Math.max(1, deadline - Date.now()),
      serves: hosted && rank === 0,
    });
    const id = openGroup(backend, store, owned, { peers, me, timeoutMs });
    const isExposed = worldSize > 1 && !isHere(place);
    return new Group(id, { rank, peers, timeoutMs, store, hosted, owned, isExposed });
  } catch (error) {
    for (const one of owned) one.close();
    throw error;
  }
}

function openGroup(
  backend: Backend,
  store: Store,
  owned: Store[],
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
  try {
    const device = backend === "gloo" ? guarded(() => c10d.deviceOpen(address, network)) : 0;
    return guarded(() =>
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
}
