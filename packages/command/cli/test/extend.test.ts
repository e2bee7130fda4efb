// Runs made longer, found again, and listed: bits are compared if
// they must be equal.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findRun } from "@dsbm/runs";
import { io } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { wordsOf } from "../../../../test/support/words.js";
import { line } from "./own-line.js";

const root = scratch();

const smallRun = wordsOf(`
  gaussian dim=2 net_name=mlp_small n_train=200 n_test=100 batch_size=64 num_steps=4 inner_iters=12
  test_num_steps=4 log_every=4 threads=1 plot_level=0
`);
const words = (place: string, ...more: string[]) => [
  ...smallRun,
  ...more,
  `experiments_dir=${join(root, place)}`,
];
const weights = (folder: string, half: string) =>
  createHash("sha256")
    .update(readFileSync(join(folder, "models", `${half}.safetensors`)))
    .digest("hex");
const folderIn = (stdout: string) => /results: +(.*)\/results\.csv/.exec(stdout)?.[1] as string;

let wholeRun = "";

beforeAll(async () => {
  wholeRun = folderIn((await line(...words("whole", "outer_iters=4"))).stdout);
});

it("dsbm extend makes a run longer in its folder, and its command then continues the longer run", async () => {
  const begun = await line(...words("in-place", "outer_iters=2"));
  const folder = folderIn(begun.stdout);
  expect(begun.code).toBe(0);
  const more = await line("extend", join(root, "in-place"), "+2");
  expect(more.code).toBe(0);
  expect(folderIn(more.stdout)).toBe(folder);
  expect(weights(folder, "4_f")).toBe(weights(wholeRun, "4_f"));
  const same = await line(...words("in-place", "outer_iters=2"));
  expect(same.stdout).toContain("finished already");

  const again = await line("extend", folder, "outer_iters=4");
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("finished already") });
  const nothing = await line("extend", folder, "outer_iters=3");
  expect(nothing.code).toBe(2);
  expect(nothing.stderr).toMatch(/^dsbm: .*4 of 4 half-iterations.*write for example \+2/);

  // A kill at the very end leaves a finished run, whose end was not printed: +2 again trains no more.
  writeFileSync(join(folder, "extend.json"), JSON.stringify({ half_iterations: 4 }));
  const killed = await line("extend", folder, "+2");
  expect(killed).toMatchObject({ code: 0, stdout: expect.stringContaining("finished already") });
  const longer = await line("extend", folder, "+1");
  expect([longer.code, readdirSync(join(folder, "models")).length]).toEqual([0, 5]);
  expect(existsSync(join(folder, "extend.json"))).toBe(false);
});

it("dsbm extend refuses a closed form, and nothing offers to make it longer", async () => {
  const closed = words("closed", "outer_iters=1", "method=gaussian_bridge");
  const folder = folderIn((await line(...closed)).stdout);
  for (const word of ["+2", "outer_iters=1"]) {
    const { code, stderr } = await line("extend", folder, word);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^dsbm: .* cannot become longer, since method=gaussian_bridge is a/);
  }
  for (const again of [closed, ["extend", folder, "outer_iters=2"]]) {
    const { code, stdout } = await line(...again);
    expect([code, stdout]).toEqual([0, expect.stringContaining("is finished already")]);
    expect(stdout).not.toContain("longer");
  }
});

it("dsbm gaussian leaves its columns, and paths as arrays", () => {
  const [columns] = readFileSync(join(wholeRun, "results.csv"), "utf8").split("\n");
  expect(columns.trim()).toBe(
    "half_iteration,direction,step,steps,n,nfe,mean,exact_mean,var,exact_var,cov,exact_cov,kl_diag,floor_diag,kl_full,floor_full,seconds_per_batch,seconds",
  );
  const paths = io.npy.decode(readFileSync(join(wholeRun, "traj.npy")));
  expect(paths.shape).toEqual([5, 100, 2]);
});

it("dsbm runs lists runs; a folder above a run, or latest, stands for a run", async () => {
  const { stdout, code } = await line("runs", join(root, "whole"));
  expect(code).toBe(0);
  const rows = stdout.trimEnd().split("\n").slice(2);
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatch(
    /outer_iters=4\S*\/42 +finished +4\/4 +dsbm +gaussian → gaussian +\d+s +KL/,
  );
  expect(findRun("latest", { experiments_dir: join(root, "whole") })).toBe(wholeRun);
  const json = await line("runs", join(root, "whole"), "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ state: "finished", method: "dsbm", half: "4/4" });
  expect((await line("runs", join(root, "nowhere"))).code).toBe(2);
});
