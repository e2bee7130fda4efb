// Every method by its configuration name. A new one is a file and a line here. Discrete DSB is a function of its steps'
// variances; the others are methods as they are.
import { dsb_increments } from "./dsb-increments.js";
import { dsbLangevin } from "./dsb-langevin.js";
import { dsbm } from "./dsbm.js";
import type { Method } from "./method.js";
import { rectifiedflow } from "./rectified-flow.js";
import { sbcfm } from "./sbcfm.js";

/** A method, or how it is made from the numbers of discrete steps. */
export type MethodEntry = Method | typeof dsbLangevin;

/** The registry. It can be added to: `methods.mine = …`. */
export const methods: Record<string, MethodEntry> &
  Record<"dsbm" | "rectifiedflow" | "sbcfm" | "dsb_increments", Method> & {
    dsb: typeof dsbLangevin;
  } = { dsbm, rectifiedflow, sbcfm, dsb_increments, dsb: dsbLangevin };
