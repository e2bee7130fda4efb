// What one iteration hands to the next, and what each repetition of a pair has of its own.

import { methods } from "@dsbm/bridge";
import { tidy } from "@dsbm/torch";
import { describe, expect, it } from "vitest";
import { type Fields, network, numbersOf, tinyProblem, trainingOf } from "./support.js";

/** The b network after its first half-iteration and as its second begins, and the steps of that one's optimiser. */
async function handedOver(changes: Fields) {
  const training = trainingOf(
    tinyProblem(methods.dsbm, {
      halfIterations: 3,
      network: (direction, half = 1) => network(2, 7 + 10 * half)(direction),
      ...changes,
    }),
  );
  const weights = () => numbersOf(training.state.networks.b.stateDict());
  let before: number[] = [];
  for await (const { type, half } of training.run()) {
    if (type === "half" && half === 1) before = weights();
    if (type !== "start" || half !== 3) continue;
    const step = training.save().tensors.get("optimizer/b/0.step");
    return { before, after: weights(), step: step?.item() ?? 0 };
  }
  throw new Error("there was no third half-iteration");
}

describe("a later iteration", () => {
  it("continues with the earlier weights and optimiser: use_prev_net=true", async () => {
    const { before, after, step } = await handedOver({ keepOptimizer: true });
    expect(after).toEqual(before);
    expect(step).toBe(8);
  });

  it("begins with new weights and a new optimiser: use_prev_net=false", async () => {
    const { before, after, step } = await handedOver({ keepOptimizer: false, renewNetwork: true });
    expect(after).not.toEqual(before);
    tidy(() => {
      const fresh = network(2, 37)("b");
      expect(after).toEqual(numbersOf(fresh.stateDict()));
      fresh.dispose();
    });
    expect(step).toBe(0);
  });
});
