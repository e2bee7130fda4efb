// Counts of live tensors are exact only when nothing that earlier tests dropped is still to be collected.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose_gc");

const gc = runInNewContext("gc") as () => void;

/**
 * Collects all garbage; tensors that nobody holds are freed. In a turn of its own: what was awaited in a turn may live until
 * its end.
 */
export async function collectGarbage(): Promise<void> {
  await new Promise(setImmediate);
  gc();
}
