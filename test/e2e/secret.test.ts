// Training on two hosts whose ranks share a secret: the bits of a run without one, and Ctrl-C.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readMetrics } from "@dsbm/runs";
import { afterAll, describe, expect, it } from "vitest";
import { twoHosts } from "../support/hosts.mjs";
import { freePort } from "../support/ranks.js";
import { launch, onlyRun, scratch, small, stopOnce } from "./cli.js";

const root = scratch();
const hosts = await twoHosts();
afterAll(() => hosts?.remove());

/** Both ranks of a run, and how they end. */
async function start(words: readonly string[], envOf: (rank: number) => Record<string, string>) {
  const port = String(await freePort());
  const place = { WORLD_SIZE: "2", MASTER_ADDR: hosts.addresses[0], MASTER_PORT: port };
  const both = [0, 1].map((rank) =>
    launch(["gaussian", ...small, "outer_iters=1", "share_batch=true", ...words], {
      host: hosts.on[rank],
      env: { ...place, RANK: `${rank}`, LOCAL_RANK: "0", DSBM_CORES: "1", ...envOf(rank) },
    }),
  );
  return { both, done: Promise.all(both.map(({ done }) => done)) };
}

const folderOf = (name: string) => onlyRun(join(root, name)) as string;
const losses = (name: string) =>
  readMetrics(join(folderOf(name), "metrics.jsonl")).map(({ loss }) => loss);
const weights = (name: string) => {
  const folder = join(folderOf(name), "models");
  const digest = createHash("sha256");
  for (const file of readdirSync(folder).sort()) digest.update(readFileSync(join(folder, file)));
  return digest.digest("hex");
};

describe.runIf(hosts)("two hosts that share a secret", () => {
  const file = join(root, "ranks.key");
  writeFileSync(file, "a secret of these ranks\n", { mode: 0o600 });
  const at = (name: string) => `experiments_dir=${join(root, name)}`;

  it("train to the same bits as without one, which is said to be open", async () => {
    const open = await (await start([at("open"), "log_every=1"], () => ({}))).done;
    const words = [at("closed"), "log_every=1", `dist_secret=${file}`];
    const closed = await (await start(words, () => ({}))).done;
    expect([...open, ...closed].map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const notes = [...open, ...closed].map(({ stderr }) =>
      /keep their network private, or give all of them one secret/.test(stderr),
    );
    expect(notes).toEqual([true, false, false, false]);
    expect(losses("closed")).toEqual(losses("open"));
    expect(weights("closed")).toBe(weights("open"));
  });

  it("end at a step by Ctrl-C", async () => {
    const words = [at("stopped"), "inner_iters=100000", `dist_secret=${file}`];
    const { both, done } = await start(words, () => ({}));
    stopOnce(both[0] as (typeof both)[number], /steps a second|half-iteration 1\/1/);
    const [first, second] = await done;
    expect([first?.code, second?.code]).toEqual([130, 0]);
    expect(first?.stderr).toMatch(/to go on: npx dsbm gaussian/);
    expect(`${first?.stderr}${second?.stderr}`).not.toMatch(/bug|\n\s+at /);
  });

  it("end with one line each where the secret of one differs", async () => {
    const secrets = (rank: number) => ({ DSBM_DIST_SECRET: `a secret of rank ${rank} alone` });
    const words = [at("wrong"), "dist_timeout=3"];
    const [first, second] = await (await start(words, secrets)).done;
    expect([first?.code, second?.code]).toEqual([1, 1]);
    expect(first?.stderr).toMatch(
      /^dsbm: rank 0: rank 1 of 2 did not come .* not know the secret\n$/,
    );
    expect(second?.stderr).toMatch(
      /^dsbm: rank 1: rank 0 at .* has another secret than rank 1.*\n$/,
    );
  });
});
