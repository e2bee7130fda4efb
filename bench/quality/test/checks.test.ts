// The common checks of every method, with trainings of 20 steps. `npm run benchmark -- checks` also checks what they learn.
import { methodFacts } from "@dsbm/bridge";
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { line } from "../../../packages/command/cli/test/own-line.js";
import { scratch } from "../../../test/support/scratch.js";
import type { Check } from "../src/checks/check.js";
import { checksFigure } from "../src/checks/figure.js";
import { lawChecks } from "../src/checks/laws.js";
import { checkedMethods } from "../src/checks/methods.js";
import { outcomeOf } from "../src/checks/outcomes.js";
import { propertyChecks } from "../src/checks/properties.js";

const root = scratch();
beforeAll(() => {
  setNumThreads(1);
});

/** Methods with a plan of `ot_sampler` train as without. */
const methods = checkedMethods(methodFacts).filter(({ sampler }) => sampler === null);

it("checks of the law are a figure with their limits", async () => {
  const outcomes = methods.map((method, i) => {
    const value = 0.01 * (i + 1);
    return { check: lawChecks[0] as Check, method, value, reason: null, holds: i % 2 === 0 };
  });
  const svg = await checksFigure({ outcomes });
  for (const word of ["holds", "fails", "limit of networks", "dsbm"])
    expect(svg).toContain(`>${word}<`);
});

describe.each(methods)("$name", (method) => {
  it("has the common properties of all methods", async () => {
    const wrong: string[] = [];
    for (const check of propertyChecks) {
      const { holds, value, reason } = await outcomeOf(check, method, {
        size: "small",
        folder: root,
        line,
      });
      if (!holds) wrong.push(`${check.name}: ${reason ?? value}`);
    }
    expect(wrong).toEqual([]);
  });
});
