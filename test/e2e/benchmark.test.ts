// `dsbm benchmark` as it is typed: a quick run of a method in closed form, read again by the second call, and what is refused.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dsbm, expectLine, scratch, succeed } from "./cli.js";

const folder = scratch();

describe("dsbm benchmark", () => {
  const words = ["benchmark", "gaussian", "--quick", "methods=gaussian_bridge", "cases=d5"];
  const run = () => dsbm([...words, "threads=1", "out=results.md"], { cwd: folder });

  it("writes its tables, and runs nothing at a second call", { timeout: 240_000 }, async () => {
    const first = await run();
    expect(first.code, first.stderr).toBe(0);
    const text = readFileSync(join(folder, "results.md"), "utf8");
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
    expect(rowOf("gaussian_bridge")).toBeLessThan(5);
    expect(text).toContain("| published: DSBM-IPF | 1.23 |");
    expect(existsSync(join(folder, "results.csv"))).toBe(true);

    const second = await run();
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).not.toContain("trained in");
    expect(readFileSync(join(folder, "results.md"), "utf8")).toBe(text);

    const both = words.map((word) => word.replace("=gaussian_bridge", "=gaussian_bridge,lightsb"));
    const third = await succeed([...both, "threads=1", "out=both.md", "train=false"], {
      cwd: folder,
    });
    expect(third.stderr).not.toContain("trained in");
    const table = readFileSync(join(folder, "both.md"), "utf8");
    const line = text.split("\n").find((one) => one.startsWith("| gaussian_bridge |"));
    expect(table).toContain(line);
    expect(table).not.toContain("| lightsb |");
  });

  it("says what is missing", async () => {
    const { code, stderr } = await dsbm(["benchmark", "cells"], { cwd: folder });
    expect(code).toBe(2);
    expectLine(stderr, ["FOLDER"]);
  });
});
