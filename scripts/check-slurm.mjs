// `npm run check:slurm`: sweeps and a training in two processes through a real Slurm, on a cluster of one node that is
// started here on the loopback and taken down again. Outside `npm test`: it needs root, and Debian's slurm-wlm.
import { existsSync, rmSync } from "node:fs";
import process from "node:process";
import { installSystem } from "./setup/system.mjs";
import { reportFailure, setup } from "./setup.mjs";
import { check, counts, isInstalled, scratch } from "./slurm/checks.mjs";
import { listening, startCluster } from "./slurm/cluster.mjs";
import { checkRanks } from "./slurm/ranks.mjs";
import { expect } from "./slurm/results.mjs";
import { sweepChecks } from "./slurm/sweeps.mjs";

/** Whether the needed programs are installed; else says what to do. */
async function isReady() {
  const wanted = {
    sbatch: "slurm-wlm",
    slurmctld: "slurm-wlm",
    munged: "munge",
    mpirun: "openmpi-bin",
  };
  const missing = [
    ...new Set(
      Object.keys(wanted)
        .filter((name) => !isInstalled(name))
        .map((name) => wanted[name]),
    ),
  ];
  if (process.getuid() !== 0) {
    console.log("this starts Slurm's daemons, as root: run it as root");
    console.log(`it needs: apt-get install -y --no-install-recommends slurm-wlm munge openmpi-bin`);
    return false;
  }
  if (missing.length > 0) await installSystem(missing, console.log);
  return true;
}

let cluster = null;
try {
  if (await isReady()) {
    await setup();
    cluster = await startCluster();
    const { env, pids } = cluster;
    await check("the cluster listens on the loopback only", () => {
      const addresses = listening(pids());
      expect(addresses.length >= 2 && addresses.every((a) => a === "127.0.0.1"), addresses.join());
    });
    for (const [name, task] of Object.entries(sweepChecks)) await check(name, () => task(env));
    await checkRanks(env);
  } else counts.failed++;
} catch (error) {
  counts.failed++;
  reportFailure(error);
} finally {
  await cluster?.stop();
  rmSync(scratch, { recursive: true, force: true });
}
if (cluster)
  await check("nothing of the cluster is left", () => {
    expect(!existsSync(cluster.folder), `${cluster.folder} is still there`);
    expect(
      cluster.pids().every((pid) => !existsSync(`/proc/${pid}`)),
      "a daemon is still there",
    );
  });
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
