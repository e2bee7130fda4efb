// Training on two hosts of one network.
import { afterAll, expect, it } from "vitest";
import { twoHosts } from "../support/hosts.mjs";
import { freePort } from "../support/ranks.js";
import { launch, scratch, smallGaussian } from "./cli.js";

const root = scratch();
const hosts = await twoHosts();
afterAll(() => hosts?.remove());

it.runIf(hosts)("two hosts train together, which is said to be open", async () => {
  const env = {
    WORLD_SIZE: "2",
    MASTER_ADDR: hosts.addresses[0],
    MASTER_PORT: String(await freePort()),
    LOCAL_RANK: "0",
    DSBM_CORES: "1",
  };
  const run = [`experiments_dir=${root}`, "outer_iters=1", "share_batch=true"];
  const outcomes = await Promise.all(
    [0, 1].map((rank) => {
      const options = { host: hosts.on[rank], env: { ...env, RANK: `${rank}` } };
      return launch(["gaussian", ...smallGaussian, ...run], options).done;
    }),
  );
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  const notes = outcomes.map(({ stderr }) => /keep their network private/.test(stderr));
  expect(notes).toEqual([true, false]);
});
