// Signals while native code runs: JavaScript hears of them only after it, and the process can end before.
import { guarded, native } from "./binding/native.js";

export interface SignalWatch {
  /** Seconds after the first signal in which it must be noticed. */
  seconds: number;
  /** What is written to standard error at the first signal. */
  heard: string;
  /** What is written as the process is ended, by a second signal or after those seconds. */
  ended: string;
}

/**
 * Lets SIGINT, SIGTERM and SIGHUP end the process also within a call of native code: a second one at once, the first one
 * after some seconds unless `noticed` is called before; with exit code 128 plus the signal's number. Listeners that are
 * there already hear of the first one as before: keep them until `stop` was called. Null where the addon has no such thing.
 */
export function watchSignals({
  seconds,
  heard,
  ended,
}: SignalWatch): { noticed(): void; stop(): void } | null {
  const { watchSignals: watch, noticedSignal, unwatchSignals } = native;
  if (!watch || !noticedSignal || !unwatchSignals) return null;
  guarded(() => watch(seconds, heard, ended), "watchSignals");
  return { noticed: () => noticedSignal(), stop: () => unwatchSignals() };
}
