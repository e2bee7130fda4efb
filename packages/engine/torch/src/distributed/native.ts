import { Op } from "../binding/dispatch.js";
import { type Native, native } from "../binding/native.js";

interface Distributed extends Native {
  storeTcp(host: string, port: number, serves: boolean, timeoutMs: number, listen: string): number;
  storeFile(path: string, worldSize: number): number;
  storeSet(store: number, key: string, value: string): void;
  storeGet(store: number, key: string): string | null;
  storeAdd(store: number, key: string, amount: number): number;
  storeClose(store: number): void;
  backends(): string[];
  groupOpen(
    backend: string,
    store: number,
    prefix: string,
    rank: number,
    worldSize: number,
    timeoutMs: number,
    address: string,
    networkInterface: string,
  ): number;
  groupClose(group: number, patient: boolean): void;
}

// c10d prints stack traces of what becomes an error of ours.
process.env.TORCH_CPP_LOG_LEVEL ??= "FATAL";

/** The addon with its stores and process groups (c10d of libtorch). */
export const c10d = native as Distributed;

/** The collectives, each started by its own operation and ended by `wait`. */
export const ops = {
  allReduce: new Op("dsbm::all_reduce_", ""),
  broadcast: new Op("dsbm::broadcast_", ""),
  allGather: new Op("dsbm::all_gather_", ""),
  wait: new Op("dsbm::wait_", ""),
} as const;
