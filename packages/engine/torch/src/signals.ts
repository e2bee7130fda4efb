import { native, withTorchErrors } from "./binding/native.js";

/**
 * Lets a second SIGINT, SIGTERM or SIGHUP end the process within native code too; `last` is written to standard error
 * then. Earlier listeners hear of the first signal. Returns a function that undoes it.
 */
export function endAtSecondSignal(last: string): () => void {
  withTorchErrors(() => native.watchSignals(last), "endAtSecondSignal");
  return native.unwatchSignals;
}
