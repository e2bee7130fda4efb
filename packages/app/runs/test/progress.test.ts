import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { Clock } from "../src/clock.js";
import { duration } from "../src/duration.js";
import { createProgress, type ProgressState, progressText } from "../src/progress.js";

function stream(isTTY: boolean) {
  const out = new PassThrough();
  let text = "";
  out.on("data", (chunk) => {
    text += chunk;
  });
  const stream = Object.assign(out, { isTTY, columns: 60 }) as unknown as NodeJS.WriteStream;
  return { stream, text: () => text };
}

const state: ProgressState = {
  label: "half-iteration 2/6 f",
  step: 250,
  steps: 1000,
  rate: 50,
  loss: 1.23456,
};

describe("progress", () => {
  it("shows step, rate, loss and time left", () => {
    expect(progressText(state)).toMatch(/^half-iteration 2\/6 f .* ETA 15s$/);
    expect(progressText({ ...state, rate: Infinity })).not.toContain("it/s");
    expect([duration(5), duration(187), duration(3900)]).toEqual(["5s", "3m07s", "1h05m"]);
  });

  it("fits 60 columns, with the time of the whole run", () => {
    const label = "12/100 b";
    const long = { label, step: 123_456, steps: 500_000, rate: 12.34, loss: 0.012345, left: 1e5 };
    expect(progressText(long)).toBe("12/100 b  123456/500000  12.3 it/s  loss 0.01235  ETA 27h46m");
    for (const loss of [1.5e-7, 123_456, 0.99999])
      expect(progressText({ ...long, loss }).length).toBeLessThanOrEqual(60);
  });

  it("shows control characters of names as text", () => {
    const { stream: out, text } = stream(false);
    createProgress({ stream: out }).line("a\x1b[2Jb\u202ec\td\x9be");
    expect(text()).toBe("a\\x1b[2Jb\\u202ec\td\\x9be\n");
  });

  it("writes a plain line now and then if the output is a file", () => {
    const { stream: out, text } = stream(false);
    const progress = createProgress({ stream: out });
    for (let step = 1; step <= 1000; step++) progress.update({ ...state, step });
    progress.line("done");
    progress.done();
    expect(text()).not.toContain("\x1b");
    expect(text().trim().split("\n").length).toBe(2);
  });

  it("redraws one line on a terminal, within its width", () => {
    const { stream: out, text } = stream(true);
    const term = process.env.TERM;
    process.env.TERM = "xterm";
    const progress = createProgress({ stream: out });
    process.env.TERM = term;
    progress.update({ ...state, label: "x".repeat(100) });
    progress.line("lasting");
    const drawn = text().split("\r\x1b[2K");
    expect(drawn[0]?.length).toBeLessThan(60);
    expect(drawn[1]).toBe("lasting\n");
  });
});

it("a clock counts down, with earlier processes and for parts", () => {
  let now = 5;
  const clock = new Clock(100, { now: () => now });
  now = 25;
  expect([clock.spent, clock.left]).toEqual([20, 80]);
  const part = clock.part(0.5);
  expect([part.left, clock.part(0.5, 10).left]).toEqual([40, 10]);
  clock.resume(30);
  expect(clock.left).toBe(50);
  now = 80;
  expect([clock.isUp, part.isUp]).toEqual([true, true]);
  expect(new Clock().part(0.5).left).toBe(Number.POSITIVE_INFINITY);
});
