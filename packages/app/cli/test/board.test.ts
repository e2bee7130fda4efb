// The table of a sweep on a terminal.
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createBoard } from "../src/sweep/board.js";

it("has a row for each run: the keys that vary, its state, progress and metric, within the terminal", async () => {
  const out = new PassThrough();
  let text = "";
  out.on("data", (chunk) => {
    text += chunk;
  });
  const stream = Object.assign(out, { isTTY: true, columns: 70, rows: 20 });
  const members = [1, 2, 3].map((number) => ({ number, label: `dim=${number} seed=1` }));
  const board = createBoard(members, { stream: stream as unknown as NodeJS.WriteStream });
  board.state(1, "running");
  board.line(1, "2/4 f  30/100  12.3 it/s  loss 0.1234  ETA 3m07s");
  board.line(
    1,
    "half-iteration 1/4 b step 30, 5 steps: sliced W2 1.37 (data 0.39), W2 1.9  (it0001)",
  );
  board.state(2, "failed");
  board.say("stopping");
  board.done();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the terminal's own
  const drawn = text.split(/\u001b\[\d+A\u001b\[J/).at(-1) as string;
  const lines = drawn.trimEnd().split("\n");
  expect(drawn).toContain("stopping");
  expect(drawn).toMatch(/1 +dim=1 seed=1 +running +2\/4 f 30\/100 ETA 3m07s/);
  expect(drawn).toMatch(/2 +dim=2 seed=1 +failed/);
  expect(lines.at(-1)).toBe("1 running, 1 failed, 1 waiting");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(70);
});
