// Every method by its configuration name. A new one is a file and a line here. Discrete DSB is a function of its steps'
// variances; the others are methods as they are.
import type { Device } from "@dsbm/torch";
import { BridgeError } from "../core/errors.js";
import type { LangevinOptions } from "../langevin/langevin.js";
import { dsb_increments } from "./dsb-increments.js";
import { dsbLangevin } from "./dsb-langevin.js";
import { dsbm } from "./dsbm.js";
import type { Method } from "./method.js";
import { rectifiedflow } from "./rectified-flow.js";
import { sbcfm } from "./sbcfm.js";

/** A method, or how it is made from the numbers of discrete steps. */
export type MethodEntry = Method | ((discrete: LangevinOptions & { device?: Device }) => Method);

const known = { dsbm, rectifiedflow, sbcfm, dsb_increments, dsb: dsbLangevin };

/** The registry. It can be added to: `methods.mine = …`. */
export const methods: typeof known & Record<string, MethodEntry> = known;

/**
 * The method of a name; `discrete` has the numbers of methods with discrete steps (dsb).
 * Throws a BridgeError for a name that is not registered, and for such a method without numbers.
 */
export function methodNamed(name: string, discrete?: Parameters<typeof dsbLangevin>[0]): Method {
  const entry = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!entry)
    throw new BridgeError(
      "argument",
      `method is "${name}"; expected one of ${Object.keys(methods).join(", ")}`,
    );
  if (typeof entry !== "function") return entry;
  if (!discrete)
    throw new BridgeError("argument", `${name} has discrete steps; give their variances (gammas)`);
  return entry(discrete);
}
