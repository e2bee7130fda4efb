// Training on two hosts of one network.
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { twoHosts } from "../support/hosts.mjs";
import { freePort } from "../support/ranks.js";
import { dsbm, launch, scratch, small, stopOnce } from "./cli.js";

const root = scratch();
const hosts = await twoHosts();
afterAll(() => hosts?.remove());

/** Starts both ranks of a run. */
async function start(name: string, ...words: string[]) {
  const place = {
    WORLD_SIZE: "2",
    MASTER_ADDR: hosts.addresses[0],
    MASTER_PORT: String(await freePort()),
    LOCAL_RANK: "0",
    DSBM_CORES: "1",
  };
  const run = [`experiments_dir=${join(root, name)}`, "outer_iters=1", "share_batch=true"];
  return [0, 1].map((rank) =>
    launch(["gaussian", ...small, ...run, ...words], {
      host: hosts.on[rank],
      env: { ...place, RANK: `${rank}` },
    }),
  );
}

describe.runIf(hosts)("two hosts", () => {
  it("train together, which is said to be open", async () => {
    const ranks = await start("open");
    const outcomes = await Promise.all(ranks.map(({ done }) => done));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    const notes = outcomes.map(({ stderr }) => /keep their network private/.test(stderr));
    expect(notes).toEqual([true, false]);
  });

  it("end at a step by Ctrl-C", async () => {
    const ranks = await start("stopped", "inner_iters=100000");
    stopOnce(ranks[0] as (typeof ranks)[number], /steps a second|half-iteration 1\/1/);
    const [first, second] = await Promise.all(ranks.map(({ done }) => done));
    expect([first?.code, second?.code]).toEqual([130, 0]);
    expect(first?.stderr).toMatch(/to resume: npx dsbm gaussian/);
    expect(`${first?.stderr}${second?.stderr}`).not.toMatch(/bug|\n\s+at /);
  });
});

it("refuses a secret, which earlier versions took, instead of going on without it", async () => {
  const env = { RANK: "0", WORLD_SIZE: "2", MASTER_ADDR: "127.0.0.1", DSBM_DIST_SECRET: "text" };
  const variable = await dsbm(["gaussian", ...small], { env });
  expect(variable.stderr).toMatch(/DSBM_DIST_SECRET is set, but .* unset it/);
});
