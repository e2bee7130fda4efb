// The pieces of the main job that can be checked without running it.
import {
  brownian,
  type Direction,
  dsbm,
  type EpochContext,
  type Method,
  stream,
  tensorsOf,
} from "@dsbm/bridge";
import { ConfigError, resolve } from "@dsbm/config";
import { liveTensors, randn, type Tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../test/support/collect.js";
import { gaussianPart } from "../src/command/start.js";
import { cached } from "../src/digits/cache.js";
import { applyQuick, startJob, startSchema } from "../src/digits/config.js";
import { pathSteps } from "../src/digits/figures.js";
import { digitsTable } from "../src/digits/report.js";

// Live tensors are counted.
beforeEach(() => collectGarbage());

const config = (...words: string[]) => resolve(startJob, words).members[0]!.config;

describe("the keys of the main job", () => {
  it("quick=true shrinks the defaults and leaves what was set", () => {
    const quick = applyQuick(config("quick=true", "num_iter=77"));
    expect(quick.first_num_iter).toBeLessThan(100);
    expect(quick.num_iter).toBe(77);
    expect(quick.seed).toBe(startSchema.parse({}).seed);
    const full = config("num_iter=77");
    expect(applyQuick(full)).toEqual(full);
  });

  it("refuses a bridge from a digit to itself, and unknown keys with the nearest", () => {
    expect(() => config("source=3")).toThrow(ConfigError);
    expect(() => config("source=3")).toThrow(/same digit/);
    expect(() => config("sigmaa=1")).toThrow(/sigma/);
  });

  it("runs the benchmark at dim 5 as DSBM-IMF with its own steps", () => {
    const part = gaussianPart(config("gaussian_iters=123", "seed=9"));
    expect(part).toMatchObject({
      dim: 5,
      model_name: "dsbm",
      first_coupling: "ind",
      inner_iters: 123,
      seed: 9,
    });
  });
});

describe("cached", () => {
  /** A run of epochs that counts simulations and keeps the pairs it was given. */
  function play(method: Method, script: [Direction, Direction | null][]) {
    const data = tidy(() => ({
      x0: randn([6, 2], { generator: stream(1, "x0") }).keep(),
      x1: randn([6, 2], { generator: stream(1, "x1") }).keep(),
    }));
    const calls: string[] = [];
    const generator = stream(1, "epoch");
    const rows = script.map(([direction, newest]) =>
      tidy(() => {
        const context: EpochContext = {
          direction,
          newest,
          data,
          process: brownian(),
          firstCoupling: "ind",
          generator,
          simulate: (d: Direction, start: Tensor) => {
            calls.push(d);
            return start.add(1);
          },
          simulateRuns: () => ({}),
        };
        return tensorsOf(method.rows?.(context) ?? {}).map((row) => row.toNumbers());
      }),
    );
    const dispose = () => {
      data.x0.dispose();
      data.x1.dispose();
    };
    return { calls, rows, dispose };
  }

  it("starts each direction on independent pairs, then simulates once in so many epochs", () => {
    const method = cached(dsbm, { epochs: 2 });
    const { calls, rows } = play(method, [
      ["b", null],
      ["f", "b"],
      ["f", "b"],
      ["b", "f"],
      ["b", "f"],
      ["b", "f"],
      ["f", "b"],
    ]);
    expect(calls).toEqual(["f", "f", "b"]);
    expect(rows[1]).not.toEqual(rows[2]); // independent pairs are drawn anew
    expect(rows[3]).toEqual(rows[4]);
    expect(rows[3]![1]!.map((x, i) => x - rows[3]![0]![i]!)).toEqual(
      expect.arrayContaining([expect.closeTo(1, 5)]),
    );
  });

  it("keeps the data, and gives back what it simulated", () => {
    const before = liveTensors();
    const method = cached(dsbm, { epochs: 3 });
    const { dispose, rows } = play(method, [
      ["b", null],
      ["f", "b"],
      ["b", "f"],
      ["f", "b"],
      ["b", "f"],
    ]);
    expect(rows.flat()).toHaveLength(10);
    method.dispose();
    dispose();
    expect(liveTensors()).toBe(before);
  });
});

describe("what is shown", () => {
  it("takes about so many states from first to last", () => {
    expect(pathSteps(30, 6)).toEqual([0, 5, 10, 15, 20, 25, 30]);
    expect(pathSteps(4, 6)).toEqual([0, 1, 2, 3, 4]);
    expect(pathSteps(20, 6)).toEqual([0, 3, 7, 10, 13, 17, 20]);
  });

  it("puts each bridge above the real digits it should be like", () => {
    const measures = { share: 0.9, displacement: 60, optimal: 59, variance: 50 };
    const projected = { share: 0.95, displacement: 140, optimal: 90, variance: 53 };
    const rows = digitsTable(config(), {
      measures: { f: measures },
      baselines: { f: { share: 0.96, projected } },
    });
    expect(rows.map(({ what }) => what)).toEqual([
      "bridge 2 → 3",
      "real 3s, projected, paired at random",
      "real 3s",
    ]);
    expect(rows.map(({ share }) => share)).toEqual([0.9, 0.95, 0.96]);
  });
});
