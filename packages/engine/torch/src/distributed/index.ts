import { native, withTorchErrors } from "../binding/native.js";
import { placeFromEnvironment } from "./environment.js";
import { distributedError, reasonOf } from "./errors.js";
import { ProcessGroup } from "./group.js";
import { c10d } from "./native.js";
import { isHere, meet } from "./rendezvous.js";
import { addressAmong, introduce, signIn } from "./sign-in.js";

export { averageAll } from "./average.js";
export { placeFromEnvironment } from "./environment.js";
export { distributedError, isDistributedError } from "./errors.js";
export { ProcessGroup } from "./group.js";

/** `gloo` for processors, `nccl` for GPUs. */
type Backend = "gloo" | "nccl";

/** The back ends of this libtorch. */
export function available(): Backend[] {
  return withTorchErrors(() => c10d.backends()) as Backend[];
}

/** Options of `init`. */
export interface ProcessGroupOptions {
  /** Default `gloo`. */
  backend?: Backend;
  /** Longest wait for another rank (default 10 minutes). */
  timeoutMs?: number;
  /** Default `timeoutMs`. */
  joinTimeoutMs?: number;
  /** Options that all ranks must share. */
  terms?: Readonly<Record<string, string>>;
}

let inits = 0;

/**
 * Joins this process to the others; every rank calls it equally often.
 * @throws {TorchError} that names the missing, doubled or differing rank, the occupied port, the wrong variable, or the
 * missing back end.
 */
export async function init({
  backend = "gloo",
  timeoutMs = 600_000,
  joinTimeoutMs = timeoutMs,
  terms = {},
}: ProcessGroupOptions = {}): Promise<ProcessGroup> {
  const place = placeFromEnvironment();
  const { rank, worldSize } = place;
  // A store in a file outlives the ranks.
  const hosted = !place.served && !isHere(place);
  const deadline = Date.now() + joinTimeoutMs;
  const meeting = await meet(place, joinTimeoutMs);
  try {
    const store = meeting.store.prefix(`dsbm/${place.attempt}/${inits++}`);
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
    // NCCL's watchdogs end the process where ours is to throw.
    process.env.TORCH_NCCL_ASYNC_ERROR_HANDLING ??= "0";
    process.env.TORCH_NCCL_BLOCKING_WAIT ??= "1";
    process.env.TORCH_NCCL_ENABLE_MONITORING ??= "0";
    const address = addressAmong(peers, me);
    const network = process.env.GLOO_SOCKET_IFNAME?.split(",")[0] ?? "";
    const way = network ? `network interface ${network} (GLOO_SOCKET_IFNAME)` : address;
    const prefix = `${store.path}${backend}`;
    let id: number;
    try {
      id = withTorchErrors(() =>
        c10d.groupOpen(backend, store.id, prefix, rank, worldSize, timeoutMs, address, network),
      );
    } catch (error) {
      const reason = reasonOf(error);
      throw distributedError(
        `${backend} cannot connect the ranks over ${way}: ${reason}`,
        [],
        error,
      );
    }
    return new ProcessGroup(id, { rank, peers, store, isExposed: worldSize > 1 && !isHere(place) });
  } catch (error) {
    meeting.store.close();
    throw error;
  }
}
