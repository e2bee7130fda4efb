// Signals while native code runs: JavaScript hears of them only after it, and the process can end before.
import { guarded, native } from "./binding/native.js";

/** How signals end the process. */
export interface SignalWatch {
  /** Seconds after the first signal in which it must be noticed. */
  seconds: number;
  /** What is written to standard error at the first signal. */
  heard: string;
  /** What is written when the process ends. */
  ended: string;
}

/**
 * Lets SIGINT, SIGTERM and SIGHUP end the process within native code too: the second at once, the first after some
 * seconds unless `noticed` is called. Earlier listeners hear of the first signal.
 */
export function watchSignals({ seconds, heard, ended }: SignalWatch): {
  noticed(): void;
  stop(): void;
} {
  guarded(() => native.watchSignals(seconds, heard, ended), "watchSignals");
  return { noticed: native.noticedSignal, stop: native.unwatchSignals };
}
