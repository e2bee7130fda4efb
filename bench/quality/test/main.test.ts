// `npm run benchmark` as it is typed: a quick run of a method in closed form, read again by the second call, and what is refused.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../test/support/scratch.js";

const folder = scratch();
const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));

function benchmark(...args: string[]) {
  const run = spawnSync(process.execPath, [program, ...args], { cwd: folder, encoding: "utf8" });
  return { code: run.status, stdout: run.stdout, stderr: run.stderr };
}

describe("npm run benchmark", () => {
  const words = ["gaussian", "--quick", "methods=gaussian_bridge", "cases=d5"];
  const run = () => benchmark(...words, "threads=1", "out=results.md");

  it("writes its tables, and runs nothing at a second call", { timeout: 240_000 }, () => {
    const first = run();
    expect(first.code, first.stderr).toBe(0);
    expect(readFileSync(join(folder, "results.md"), "utf8")).toContain("(results/gaussian.md)");
    const page = join(folder, "results/gaussian.md");
    const text = readFileSync(page, "utf8");
    expect(first.stdout).toContain(text.trimEnd());
    expect(first.stderr).toContain("trained in");
    const rowOf = (label: string) =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`| ${label} |`))
          ?.split("|")[2],
      );
    // Fitted moments of 10,000 samples are near the floor of 20 steps.
    expect(rowOf("_perfect sampler, 20 steps_")).toBeCloseTo(0.61, 2);
    expect(rowOf("gaussian_bridge †")).toBeLessThan(5);
    expect(text).toContain("| published: DSBM-IPF | **1.23** |");
    expect(existsSync(join(folder, "results.csv"))).toBe(true);

    const second = run();
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).not.toContain("trained in");
    expect(readFileSync(page, "utf8")).toBe(text);

    const both = words.map((word) => word.replace("=gaussian_bridge", "=gaussian_bridge,lightsb"));
    const third = benchmark(...both, "threads=1", "out=both.md", "train=false");
    expect(third.code, third.stderr).toBe(0);
    expect(third.stderr).not.toContain("trained in");
    const table = readFileSync(join(folder, "both/gaussian.md"), "utf8");
    const line = text.split("\n").find((one) => one.startsWith("| gaussian_bridge † |"));
    expect(table).toContain(line);
    expect(table).not.toContain("| lightsb † |");
  });

  it("says what is missing", () => {
    const { code, stderr } = benchmark("cells");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^dsbm: benchmark cells needs the folder .*FOLDER$/m);
  });
});
