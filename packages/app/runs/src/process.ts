// This process: its version, processors and signals.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** The version of dsbm. */
export const version: string = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
).version;

/** DSBM_CORES (set by a sweep for its members), else the processors of the machine. */
export function cores(): number {
  const share = Number(process.env.DSBM_CORES);
  return Number.isInteger(share) && share >= 1 ? share : availableParallelism();
}

/** Watches SIGINT and SIGTERM while a command works. */
export interface Interrupt {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Stops watching. */
  dispose(): void;
}

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const signals = Object.keys(codes) as (keyof typeof codes)[];

let stoppedBy: keyof typeof codes = "SIGINT";

/** The exit code for the last signal, or 130. */
export const stoppedCode = (): number => codes[stoppedBy];

/** Whether an exit code means that a signal stopped the process. */
export const isStopCode = (code: number | null): boolean =>
  Object.values<number | null>(codes).includes(code);

/** The message at the first signal. */
const stopping = "stopping at the next step boundary; once more to stop at once";

/** The message if the process ends before its work has seen the signal. */
export const stoppedWithin = (resume: string): string =>
  `stopped within a step: the work since the last checkpoint will be repeated\nto resume: ${resume}`;

interface Options {
  notify?: (text: string) => void;
  second?: () => void;
}

/** Set for commands whose parent is their terminal, as the studio is: they stop when it is gone. */
export const parentVariable = "DSBM_PARENT";

/** Calls `hangUp` when the parent is gone. Returns the function that stops watching. */
function followParent(hangUp: () => void): () => void {
  // Test runners hold such a channel too.
  if (process.env[parentVariable] !== "channel" || process.connected === undefined) return () => {};
  if (!process.connected) hangUp();
  process.once("disconnect", hangUp);
  // The channel alone keeps no process alive.
  process.channel?.unref();
  return () => process.off("disconnect", hangUp);
}

/** Listens for these signals until it is disposed. The second signal ends the process at once. */
export function createInterrupt({
  notify = (text) => process.stderr.write(`\n${text}\n`),
  second = () => {},
}: Options = {}): Interrupt {
  const controller = new AbortController();
  const stop = (name: keyof typeof codes) => {
    stoppedBy = name;
    if (controller.signal.aborted) {
      second();
      process.exit(stoppedCode());
    }
    notify(stopping);
    controller.abort();
  };
  // Wait until the work is over: a waiting signal is lost with its listener.
  const listeners = signals.map((name) => [name, () => stop(name)] as const);
  for (const [name, listener] of listeners) process.on(name, listener);
  const unfollow = followParent(() => {
    if (!controller.signal.aborted) stop("SIGHUP");
  });
  return {
    signal: controller.signal,
    dispose() {
      unfollow();
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
}
