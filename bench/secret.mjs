// What a secret costs the ranks of several machines: an all-reduction between two network namespaces of this machine, with and
// without, one after the other. Prints medians. Linux, where a user may make namespaces.
import { spawn } from "node:child_process";
import { loadavg } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { twoHosts } from "../test/support/hosts.mjs";

/** Rounds before the first that counts. */
const first = 3;
const sizes = [
  [1, 301],
  [17_282, 301],
  [2 ** 18, 101],
  [25e6, 15],
];

async function rank() {
  const { distributed, ones, setNumThreads } = await import(
    "../packages/engine/torch/dist/index.js"
  );
  setNumThreads(1);
  const plain = await distributed.init();
  process.env.MASTER_PORT = String(Number(process.env.MASTER_PORT) + 1);
  process.env.DSBM_DIST_SECRET = "the secret of this measurement";
  const secret = await distributed.init();
  for (const [n, times] of sizes) {
    const data = ones([n]);
    const taken = [[], []];
    for (let i = 0; i < times + first; i++)
      for (const [k, group] of [plain, secret].entries()) {
        data.fill_(1);
        group.barrier();
        const start = performance.now();
        group.allReduce(data, { check: false });
        if (i >= first) taken[k].push(performance.now() - start);
      }
    const [without, by] = taken.map((all) => all.sort((a, b) => a - b)[times >> 1].toPrecision(3));
    if (plain.rank === 0) console.log(`| ${4 * n} | ${without} | ${by} |`);
  }
  plain.destroy();
  secret.destroy();
}

if (process.env.RANK === undefined) {
  const hosts = await twoHosts();
  if (!hosts) throw new Error("no network namespaces can be made here: see unshare(1)");
  console.log("| bytes | without, ms | with a secret, ms |\n| --- | --: | --: |");
  const place = { WORLD_SIZE: "2", MASTER_ADDR: hosts.addresses[0], MASTER_PORT: "29500" };
  const ends = hosts.on.map(([command, ...words], r) => {
    const env = { ...process.env, ...place, RANK: String(r), OMP_NUM_THREADS: "1" };
    const all = [...words, process.execPath, fileURLToPath(import.meta.url)];
    const child = spawn(command, all, { env, stdio: "inherit" });
    return new Promise((done) => child.on("close", done));
  });
  process.exitCode = Math.max(...(await Promise.all(ends)));
  hosts.remove();
  console.log(`load average ${loadavg()[0].toFixed(1)}`);
} else await rank();
