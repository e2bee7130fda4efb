// Counts of live tensors are exact only when nothing that earlier tests dropped is still to be collected.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose_gc");

/** Collects all garbage now; tensors that nobody holds are given back. */
export const collectGarbage = runInNewContext("gc") as () => void;
