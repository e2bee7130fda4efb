// How long a run takes, from the times that its events show, and what it needs of memory, from steps of few rows.

import { trainingProblem } from "@dsbm/problem";
import { describe, expect, it } from "vitest";
import { configured, withEnds } from "../../../../test/support/problem.js";
import { wordsOf } from "../../../../test/support/words.js";
import {
  mayBeLarge,
  memoryAdvice,
  memoryNeed,
  memoryText,
  outOfMemoryAdvice,
} from "../src/forecast/memory.js";
import { lengthText, Outlook } from "../src/forecast/outlook.js";

const config = configured(
  ...["dataset=moons", "n_ipf=2", "first_num_iter=100", "num_iter=40", "gif_stride=20"],
  ...["cache_refresh_stride=20", "cache_npar=10", "batch_size=8", "cache=disk"],
);
const length = { halves: 4, stepsOf: (half: number) => (half <= 2 ? 100 : 40) };

describe("the time that is left", () => {
  it("counts steps, simulations and evaluations as each was seen to take", () => {
    let clock = 0;
    const outlook = new Outlook(length, config, () => clock);
    const at = (half: number) => ({ half, direction: "b" as const });
    const step = (half: number, rate: number) =>
      ({ ...at(half), type: "step", step: 50, steps: 100, loss: 1, gradNorm: null, rate }) as const;
    expect(outlook.left({ half: 1, step: 0 })).toBeNull();
    outlook.follow(step(1, 10));
    // 280 steps of 0.1 s.
    expect(outlook.left({ half: 1, step: 0 })).toBeCloseTo(28);
    outlook.evaluated(2);
    // 5 + 5 + 2 + 2 evaluations of 2 s.
    expect(outlook.left({ half: 1, step: 0 })).toBeCloseTo(56);
    outlook.follow({ ...at(3), type: "cache", done: 2, total: 10 });
    clock = 4;
    outlook.follow({ ...at(3), type: "cache", done: 4, total: 10 });
    outlook.follow(step(3, 5));
    // Of the third half-iteration 30 steps of 0.2 s, a simulation of 10 pairs of 2 s, and 2 evaluations; of the fourth 40, 2, 2.
    expect(outlook.left({ half: 3, step: 10 })).toBeCloseTo(6 + 20 + 4 + 8 + 40 + 4);
    clock = 10;
    expect(outlook.tell(step(3, 5))).toMatch(/^about \d+s to go at 5.00 steps a second$/);
    expect(outlook.tell(step(3, 5))).toBeNull();
  });

  it("is told with the steps", () => {
    expect(lengthText(length)).toBe(
      "4 half-iterations: 2 of 100 steps, 2 of 40 steps; 280 steps in all",
    );
  });
});

describe("memory", () => {
  it("grows with the rows of a step, and less is needed in parts", async () => {
    const words = ["dataset=synthetic", "batch_size=64", "data.n_train=32", "data.n_test=8"];
    const given = configured(...words);
    await withEnds(given, async (ends) => {
      const problem = trainingProblem(given, ends, { cacheFolder: "" });
      const need = await memoryNeed(problem, given);
      expect(need.row).toBeGreaterThan(1e5);
      expect(need.total).toBeCloseTo(need.fixed + 64 * need.row);
      expect(memoryAdvice(need, given)).toBeNull();
      const short = { ...need, available: need.fixed + 20 * need.row };
      expect(memoryAdvice(short, given)).toMatch(
        /^memory: about .* are available: write accumulate=\d+ .*, or batch_size=\d+, or model.use_checkpoint=true/,
      );
      const parts = Number(/accumulate=(\d+)/.exec(memoryAdvice(short, given) ?? "")?.[1]);
      expect(need.fixed + Math.ceil(64 / parts) * need.row).toBeLessThan(short.available);
      expect(memoryText(need)).toMatch(/^memory: about \d+ MiB/);
    });
  });

  it("is measured before the start where it may be much, and a failed allocation says what needs less", () => {
    const large = configured(
      ...wordsOf("model=UNET data.image_size=512 batch_size=100000 cache_npar=100000"),
    );
    expect(mayBeLarge([3, 512, 512], large)).toBe(true);
    expect(mayBeLarge([2], large)).toBe(false);
    expect(outOfMemoryAdvice(large)).toMatch(
      /^write accumulate=2 or more .*, batch_size below 100000, model.use_checkpoint=true/,
    );
  });
});
