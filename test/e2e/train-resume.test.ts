// Runs that cannot be lost: killed at random moments, stopped by Ctrl-C, with damaged checkpoints.
import { join } from "node:path";
import { readRun } from "@dsbm/runs";
import { describe, expect, it } from "vitest";
import { killAll } from "../../scripts/torture/kills.mjs";
import { outcome } from "../../scripts/torture.mjs";
import { dsbm, onlyRun, scratch, stopAt, succeed, wordsOf } from "./cli.js";
import { quick } from "./train.js";

const root = scratch();
const words = (name: string, ...more: string[]) => [
  ...quick,
  ...wordsOf("plot_level=0 metrics.judge=false checkpoint_stride=4"),
  ...more,
  `experiments_dir=${join(root, name)}`,
];

describe("a run killed with SIGKILL", () => {
  it("ends bit by bit like one that was never touched, whatever it was doing", async () => {
    const result = await killAll({ number: 2, seed: 11, names: ["vectors", "images"] });
    expect(result.wrong).toEqual([]);
    expect(result.made).toEqual({ vectors: 1, images: 1 });
  }, 600_000);
});

const folderOf = (name: string) => onlyRun(join(root, name)) as string;

const compared = (name: string) => JSON.stringify({ ...outcome(join(root, name)), samples: null });

describe("a run stopped by Ctrl-C", () => {
  it("says how to resume, is readable, and goes on to the same weights", async () => {
    await succeed(words("straight"));
    const stopped = await stopAt(words("stopped"), /half-iteration 2\/4 f: /);
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/to resume: npx dsbm train dataset=synthetic/);
    expect(stopped.stderr).not.toMatch(/bug|\n\s+at /);
    expect(readRun(folderOf("stopped")).info.state).toBe("interrupted");
    const again = await dsbm(words("stopped"));
    expect(again.stderr).toMatch(/resuming from checkpoint it0001/);
    expect(again.code).toBe(0);
    expect(compared("stopped")).toBe(compared("straight"));
  });
});

describe("autostart_next_it", () => {
  it("ends the half-iteration in progress where it is", async () => {
    await stopAt(words("next", "num_iter=100000"), /half-iteration 3\/4 b: /);
    const before = readRun(folderOf("next")).models.length;
    expect(before).toBe(2);
    const { stderr } = await stopAt(
      words("next", "num_iter=100000", "autostart_next_it=true"),
      /half-iteration 4\/4 f: /,
    );
    expect(stderr).toMatch(/the half-iteration in progress ends here/);
    expect(stderr).not.toMatch(/half-iteration 3\/4 b: /);
  });
});
