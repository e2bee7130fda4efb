// What a run needs of memory, from steps of few rows.

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
