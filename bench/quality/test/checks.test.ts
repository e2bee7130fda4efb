// The common checks of every method, with trainings of 20 steps. `npm run benchmark -- checks` also checks what they learn.
import { methodFacts } from "@dsbm/bridge";
import { setNumThreads } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { line } from "../../../packages/command/cli/test/own-line.js";
import { scratch } from "../../../test/support/scratch.js";
import { checkedMethods } from "../src/checks/methods.js";
import { outcomeOf } from "../src/checks/outcomes.js";
import { propertyChecks } from "../src/checks/properties.js";

const root = scratch();
beforeAll(() => {
  setNumThreads(1);
});

/** Methods with a plan of `ot_sampler` train as without. */
const methods = checkedMethods(methodFacts).filter(({ sampler }) => sampler === null);

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
