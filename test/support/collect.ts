// Counts of live tensors are exact only when nothing that earlier tests dropped is still to be collected.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose_gc");

const gc = runInNewContext("gc") as () => void;

/**
 * Collects all garbage; tensors without a holder are freed. In turns of its own: awaited values of a turn may live until
 * its end, what a collection frees may hold others, and tensors are freed in the turn after a collection.
 */
export async function collectGarbage(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    await new Promise(setImmediate);
    gc();
  }
  await new Promise(setImmediate);
}
