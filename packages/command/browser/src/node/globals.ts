// What the packages read of Node's globals, made before any other module of the worker runs.
import { Buffer } from "node:buffer";
import * as fs from "node:fs";

/** Ids tell the workers of a page apart: the lock of a closed page is a lock of a dead process. */
const pid = 1 + Math.floor(Math.random() * 2 ** 30);

const noProcess = (): never => {
  throw Object.assign(new Error("no such process"), { code: "ESRCH" });
};

const process = {
  pid,
  arch: "wasm",
  platform: "browser",
  execPath: "/",
  argv: [] as string[],
  env: { DSBM_ENGINE: "portable", DSBM_CORES: "1" } as Record<string, string>,
  versions: { node: "browser" },
  stderr: { isTTY: false, write: () => true },
  cwd: () => "/",
  // A worker has its thread to itself: all of its time is its own.
  cpuUsage: (before = { user: 0, system: 0 }) => ({
    user: 1000 * performance.now() - before.user,
    system: 0,
  }),
  constrainedMemory: () => 0,
  memoryUsage: { rss: () => 0 },
  getBuiltinModule: (name: string) => (name.endsWith("fs") ? fs : undefined),
  getuid: () => 0,
  kill: (id: number) => id === pid || noProcess(),
  nextTick: (task: (...values: unknown[]) => void, ...values: unknown[]) =>
    queueMicrotask(() => task(...values)),
  on: () => process,
  off: () => process,
  emitWarning: () => {},
};

const channel = new MessageChannel();
const tasks: (() => void)[] = [];
channel.port1.onmessage = () => tasks.shift()?.();

function setImmediate(task: (...values: unknown[]) => void, ...values: unknown[]): void {
  tasks.push(() => task(...values));
  channel.port2.postMessage(null);
}

/** Pages without isolation have no shared memory, and nothing is an instance of it. */
class NoSharedMemory {}
const { SharedArrayBuffer: sharedMemory = NoSharedMemory } = globalThis as Record<string, unknown>;

Object.assign(globalThis, {
  SharedArrayBuffer: sharedMemory,
  Buffer,
  process,
  setImmediate,
  global: globalThis,
});
