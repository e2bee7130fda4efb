// Curves of bounded length: merging, a growing file, and smoothing against its closed form.
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { Folder } from "../src/files/inside.js";
import { align, axisOf } from "../src/page/chart/axis.js";
import { curvesOf } from "../src/page/run/series.js";
import { History, MetricsTail } from "../src/runs/live.js";
import { metricLine, metricLines } from "./runs.js";

const row = (half: number, step: number, loss: unknown) => ({
  half_iteration: half,
  direction: half % 2 ? "b" : "f",
  step,
  loss,
});

describe("history", () => {
  it("merges many rows into few without losing the mean or the end of a half-iteration", () => {
    const history = new History();
    const n = 50_000;
    for (let step = 1; step <= n; step++) history.add(row(1, step, 1));
    for (let step = 1; step <= n; step++) history.add(row(2, step, -step));
    const { half, step, metrics, direction } = history.part();
    expect(step.length).toBeLessThanOrEqual(2000);
    expect(step.length).toBeGreaterThan(500);
    const losses = metrics.loss;
    expect(losses[0]).toBe(1);
    expect(losses.at(-1)).toBeLessThan(-0.99 * n);
    expect(half.indexOf(2)).toBe(direction.indexOf("f"));
    expect([step[half.indexOf(2) - 1], step.at(-1)]).toEqual([n, n]);
  });

  it("names the first infinite or NaN value of a metric", () => {
    const history = new History();
    for (const [step, loss] of [
      [1, 1],
      [2, "NaN"],
      [3, "Infinity"],
    ] as const)
      history.add(row(1, step, loss));
    expect(history.part()).toMatchObject({
      metrics: { loss: [1, null, null] },
      notFinite: [{ metric: "loss", value: "NaN", half: 1, step: 2 }],
    });
  });
});

it("curves of several runs continue over the places of other runs, and keep their own gaps", () => {
  const gap = [2, null] as const;
  const { x, ys } = align([
    [[0, 1], gap, [4, 3]],
    [
      [1, 5],
      [3, 6],
    ],
  ]);
  expect(x).toEqual([0, 1, 2, 3, 4]);
  expect(ys).toEqual([
    [1, undefined, null, null, 3],
    [undefined, 5, undefined, 6, undefined],
  ]);
});

describe("a file that grows", () => {
  const folder = scratch();
  const path = join(folder, "metrics.jsonl");

  it("takes whole lines, and starts again if it was rewritten", () => {
    const tail = new MetricsTail(new Folder(folder), "metrics.jsonl");
    expect(tail.read()).toMatchObject({ step: [] });
    writeFileSync(path, `${metricLines(4)}{"half_iter`);
    expect(tail.read()).toMatchObject({ step: [10, 20, 10, 20] });
    expect(tail.read()).toMatchObject({ step: [10, 20, 10, 20] });
    appendFileSync(path, `ation":2,"direction":"f","step":30,"loss":1}\nnot JSON\n`);
    expect(tail.read()).toMatchObject({ step: [10, 20, 10, 20, 30] });
    writeFileSync(path, metricLine(1, 10));
    expect(tail.read()).toMatchObject({ step: [10] });
  });

  it("becomes curves over one axis of steps", () => {
    writeFileSync(path, metricLines(200));
    const history = new MetricsTail(new Folder(folder), "metrics.jsonl").read();
    const { x, marks, place } = axisOf(history);
    expect([x[0], x[99], x[100], x[199]]).toEqual([10, 1000, 1010, 2000]);
    expect([place(1, 40), place(2, 40), place(2, null)]).toEqual([40, 1040, 1000]);
    expect(marks).toEqual([
      { x: 0, label: "1 b" },
      { x: 1000, label: "2 f" },
    ]);
    const curves = curvesOf(history, "loss", true);
    expect(curves.map(({ label }) => label)).toEqual([
      "forward raw",
      "forward",
      "backward raw",
      "backward",
    ]);
  });
});
