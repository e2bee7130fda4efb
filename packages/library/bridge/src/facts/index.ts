// The entry @dsbm/bridge/facts: what methods state, without libtorch.
import type { MethodFacts } from "./method-facts.js";
import { methodFacts } from "./methods.generated.js";

export type { MethodFacts, MethodTakes, StatedFacts } from "./method-facts.js";

/** Below this number of rows, simulated rows keep their own moments (`match_moments`). */
export const fewestMomentRows = 64;

/** Names of the built-in methods. */
export type MethodName = keyof typeof methodFacts;

/** Facts of a method of your own, as far as a configuration knows it by its name only. */
const unknownMethod: Omit<MethodFacts, "name" | "title" | "presets"> = {
  predicts: "drift",
  networks: "each",
  eps: 0,
  mass: false,
  onlyBrownian: false,
  keepOptimizer: false,
  learns: "bridge",
  straight: false,
  leastSteps: 0,
  dividesSteps: false,
  onnx: true,
  takes: { options: [], ignored: [], unused: [], refused: {}, images: true, conditions: true },
  closedForm: false,
  ownLoss: false,
  drawsPlan: false,
  discreteSteps: false,
  pairs: true,
  firstCoupling: false,
  ownCoupling: false,
  courses: false,
  simulation: "epoch",
};

/** The facts of a built-in method by its name; for another name, facts that refuse nothing. */
export function factsNamed(name: string): MethodFacts {
  return Object.hasOwn(methodFacts, name)
    ? methodFacts[name as MethodName]
    : { ...unknownMethod, name, title: name, presets: [name] };
}

/** Whether a built-in method takes an option, `key` or `key=value`, that only some methods take. */
export const takesOption = (method: string, option: string): boolean =>
  factsNamed(method).takes.options.includes(option);

/** Names of the built-in methods with these facts, in the order of the registry. */
export function methodsWith(isMet: (facts: MethodFacts) => boolean): MethodName[] {
  const facts: Readonly<Record<string, MethodFacts>> = methodFacts;
  return Object.keys(facts).filter((name) => isMet(facts[name])) as MethodName[];
}
