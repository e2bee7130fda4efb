import type { Device } from "@dsbm/torch";
import { argumentError } from "../core/errors.js";
import { factsNamed, type MethodFacts } from "../facts/index.js";
import type { LangevinOptions } from "../langevin/langevin.js";
import { alpha_dsbm } from "./alpha-dsbm.js";
import { dsb_increments } from "./dsb-increments.js";
import { dsbLangevin } from "./dsb-langevin.js";
import { dsbm } from "./dsbm.js";
import { factsOf } from "./facts.js";
import { type FewStepsNumbers, few_steps } from "./few-steps.js";
import { gaussian_bridge } from "./gaussian-bridge.js";
import { type LightNumbers, lightsb, lightsb_m } from "./lightsb.js";
import type { Method } from "./method.js";
import { quantile_mapping } from "./quantile-mapping.js";
import { rectifiedflow } from "./rectified-flow.js";
import { sbcfm } from "./sbcfm.js";
import { sf2m } from "./sf2m.js";
import { sinkhorn_bridge } from "./sinkhorn-bridge.js";
import { type GrowthNumbers, wfr, wfr_bridge } from "./wfr.js";

/** Numeric options of methods, and the `device`; each method reads its own. */
export type MethodNumbers = Partial<LangevinOptions> & { device?: Device } & LightNumbers &
  GrowthNumbers &
  FewStepsNumbers;

/** A method, or a function that makes one from numbers. */
export type MethodEntry = Method | ((numbers: LangevinOptions & MethodNumbers) => Method);

/** One line a method, in the order of the guide. `node scripts/methods-table.mjs` writes their facts and their table. */
const methodMakers = {
  dsbm,
  alpha_dsbm,
  sf2m,
  lightsb,
  lightsb_m,
  sinkhorn_bridge,
  gaussian_bridge,
  quantile_mapping,
  sbcfm,
  rectifiedflow,
  wfr,
  wfr_bridge,
  dsb_increments,
  dsb: dsbLangevin,
  few_steps,
};

/** The registry. Add a method by `methods.mine = …`. */
export const methods: typeof methodMakers & Record<string, MethodEntry> = methodMakers;

/**
 * Finds a method by its name; `numbers` configure methods that are functions.
 * @throws {BridgeError} for an unknown name, and for discrete steps without gammas.
 */
export function methodNamed(name: string, numbers: MethodNumbers = {}): Method {
  const entry = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!entry)
    throw argumentError(`method is "${name}"; expected one of ${Object.keys(methods).join(", ")}`);
  if (typeof entry !== "function") return entry;
  if (factsNamed(name).discreteSteps && !numbers.gammas)
    throw argumentError(`${name} has discrete steps; give their variances (gammas)`);
  return entry({ gammas: [], ...numbers });
}

/**
 * The facts of a method of the registry, without its numbers.
 * @throws {BridgeError} for an unknown name.
 */
export const methodFacts = (name: string): MethodFacts =>
  factsOf(methodNamed(name, { gammas: [1] }));
