// growth.json: how growth was estimated, and the doubt that a report begins with.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { growthLead, growthSection } from "../../src/report/growth-section.js";
import { type GrowthFacts, growthCaution, readGrowth } from "../../src/run/growth-file.js";
import { scratch } from "../support.js";

const facts = (finding: GrowthFacts["finding"]): GrowthFacts => ({
  lengths: [4, 2.8, 2].map((delta, i) => ({
    delta,
    growth: 0.2 + 0.1 * i,
    noise: 0.05,
    shift: 0.2 - 0.1 * i,
    agreement: 0.3,
  })),
  best: 2,
  finding,
});

describe("the growth of a run", () => {
  it("has no doubt if it is identified", () => {
    expect(growthCaution(facts("identified"))).toBe(null);
    expect(growthLead(facts("identified"))).toBe(null);
  });

  it("is doubted first in a report if halves of the rows disagree, or if lengths do", () => {
    expect(growthCaution(facts("none"))).toMatch(/does not differ from none.*correlation 0\.3/);
    const lead = growthLead(facts("unidentified"))?.text;
    expect(lead).toMatch(
      /not read growth rates.*not identified.*delta=4, 2\.8, 2.*0\.20, 0\.30, 0\.40/,
    );
  });

  it("has a curve over the lengths", async () => {
    const text = (await growthSection(facts("identified"))).map((part) => part.text).join("");
    expect(text).toMatch(/delta=2 \(dashed\)/);
    expect(text.match(/<circle/g)).toHaveLength(9);
  });

  it("is read from its file, and is null without one", () => {
    const folder = scratch();
    expect(readGrowth(folder)).toBe(null);
    writeFileSync(join(folder, "growth.json"), JSON.stringify(facts("none")));
    expect(readGrowth(folder)).toEqual(facts("none"));
  });
});
