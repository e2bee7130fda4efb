// Counts of live tensors are exact only when nothing that earlier tests dropped is still to be collected.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose_gc");

const gc = runInNewContext("gc") as () => void;

/**
 * Collects all garbage; tensors without a holder are freed. In turns of its own: awaited values of a
 * turn may live until its end, and what a first collection frees may hold others.
 */
export async function collectGarbage(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await new Promise(setImmediate);
    gc();
  }
}
