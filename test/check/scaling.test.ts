// docs/scaling.md says what its command prints, and the model's formulas hold where the answer is known.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { clustered, leastSquares, ring } from "../../bench/cost.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the cost of an exchange", () => {
  const link = { latency: 1e-5, bandwidth: 1e9 };

  it("is nothing alone, and twice the bytes over the bandwidth among many", () => {
    expect(ring(1, 1e6, link)).toBe(0);
    expect(ring(2, 1e6, link)).toBeCloseTo(2e-5 + 1e-3, 12);
    expect(ring(1000, 1e9, { ...link, latency: 0 })).toBeCloseTo(2 * 0.999, 12);
  });

  it("between machines of one process each counts hops by the logarithm, within one machine is a ring", () => {
    const between = { latency: 1e-5, bandwidth: 1e8 };
    const among = { within: link, between };
    expect(clustered(8, 1e6, { ...among, each: 8 })).toBe(ring(8, 1e6, link));
    expect(clustered(4, 1e6, { ...among, each: 1 })).toBeCloseTo(4e-5 + 2 * 0.75 * 1e-2, 12);
  });

  it("is fitted to points on a line, neither latency nor rate below zero", () => {
    const points = [1, 10, 1000].map((x) => [x, 3 + 2 * x]);
    const { offset, slope } = leastSquares(points);
    expect(offset).toBeCloseTo(3, 9);
    expect(slope).toBeCloseTo(2, 9);
    expect(leastSquares([1, 10].map((x) => [x, 2 * x - 1])).offset).toBe(0);
    expect(leastSquares([1, 10].map((x) => [x, 20 - x])).slope).toBe(0);
  });
});

describe("docs/scaling.md", () => {
  const text = readFileSync(`${root}docs/scaling.md`, "utf8");

  it("has the tables on paper as the command prints them", () => {
    const printed = execFileSync(process.execPath, ["bench/scaling.mjs", "--paper"], {
      cwd: root,
      encoding: "utf8",
    });
    const parts = printed.split(/^## (?=\w+$)/m).slice(1);
    expect(parts.length).toBe(5);
    for (const part of parts) {
      const name = part.slice(0, part.indexOf("\n"));
      const content = part.slice(name.length).trim();
      expect(text).toContain(`<!-- ${name} -->\n\n${content}\n\n<!-- /${name} -->`);
    }
  });
});
