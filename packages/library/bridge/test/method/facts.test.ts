// What methods state for configurations and documents agrees with what their functions do.
import { describe, expect, it } from "vitest";
import { factsNamed, methodsWith } from "../../src/facts/index.js";
import { factsOf } from "../../src/method/facts.js";
import { methodFacts, methodNamed, methods } from "../../src/method/index.js";
import type { Method } from "../../src/method/method.js";

const names = Object.keys(methods);

describe("facts of methods", () => {
  it("list the methods of the registry, in its order", () => {
    expect(methodsWith(() => true)).toEqual(names);
    for (const name of names) expect(factsNamed(name), name).toEqual(methodFacts(name));
  });

  // A new method changes no list.
  it.each([
    ["closedForm", ["sinkhorn_bridge", "gaussian_bridge"], ["dsbm", "lightsb"]],
    ["onnx", ["dsbm", "lightsb", "sinkhorn_bridge"], ["gaussian_bridge", "quantile_mapping"]],
    ["mass", ["wfr", "wfr_bridge"], ["dsbm", "sf2m", "lightsb"]],
    ["courses", ["dsbm", "alpha_dsbm", "sf2m", "rectifiedflow", "wfr"], ["lightsb", "sbcfm"]],
  ] as const)("say which methods have the fact %s", (fact, methodsWithIt, methodsWithoutIt) => {
    for (const name of methodsWithIt) expect(factsNamed(name)[fact], name).toBe(true);
    for (const name of methodsWithoutIt) expect(factsNamed(name)[fact], name).not.toBe(true);
  });

  it("of a registered method come from its functions", () => {
    const own: Method = {
      name: "own",
      predicts: "velocity",
      networks: "shared",
      eps: 0,
      model: { type: Object as never, create: () => ({}) as never, fit: () => 0 },
    };
    methods.own = own;
    try {
      expect(methodFacts("own")).toMatchObject({ closedForm: true, simulation: "never" });
      expect(methodFacts("own")).toEqual(factsOf(own));
      expect(factsNamed("own").takes).toEqual(factsOf(own).takes);
    } finally {
      delete (methods as Record<string, unknown>).own;
    }
  });

  it("do not depend on the numbers of a method, except on its masses", () => {
    for (const name of names) {
      const numbers = { gammas: [0.1, 0.2], components: 3, delta: 2 };
      expect(factsOf(methodNamed(name, numbers)), name).toEqual(factsNamed(name));
    }
    expect(factsOf(methodNamed("lightsb", { massPenalty: 1 })).mass).toBe(true);
  });

  it("name options that a method does not both take and ignore", () => {
    for (const name of names) {
      const { options, ignored, refused } = factsNamed(name).takes;
      const all = [...options, ...ignored, ...Object.keys(refused)];
      expect(new Set(all).size, name).toBe(all.length);
    }
  });
});
