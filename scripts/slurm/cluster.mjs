// A Slurm cluster of one node on the loopback, with a configuration, a key and folders of its own: nothing of a Slurm
// that may be installed here is touched, and nothing of this one is left.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../free-port.mjs";

function configuration(folder, { controller, node, cores }) {
  const name = hostname().split(".")[0];
  return `ClusterName=dsbmcheck
SlurmctldHost=${name}(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${node}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket
CredType=cred/munge
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=1
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
NodeName=${name} NodeAddr=127.0.0.1 CPUs=${cores} RealMemory=${Math.floor(totalmem() / 2 ** 20)} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

function start(program, args, env) {
  const { status, error, stderr } = spawnSync(program, args, { env, encoding: "utf8" });
  if (status === 0) return;
  throw new Error(`${program} does not start: ${error?.message ?? stderr.trim()}`);
}

/** Starts the daemons. Needs root; `stop()` ends them and removes their files. */
export async function startCluster({ cores = 4 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "dsbm-slurm-"));
  chmodSync(folder, 0o755);
  for (const name of ["state", "spool"]) mkdirSync(join(folder, name));
  const [controller, node] = [await freePort(), await freePort()];
  writeFileSync(join(folder, "slurm.conf"), configuration(folder, { controller, node, cores }));
  // Containers have no cgroups to write to.
  writeFileSync(join(folder, "cgroup.conf"), "CgroupPlugin=disabled\n");
  writeFileSync(join(folder, "munge.key"), randomBytes(1024), { mode: 0o400 });
  const env = { ...process.env, SLURM_CONF: join(folder, "slurm.conf") };
  const daemons = ["munged", "slurmctld", "slurmd"];
  const pidOf = (daemon) => {
    const path = join(folder, `${daemon}.pid`);
    return existsSync(path) ? Number(readFileSync(path, "utf8")) : null;
  };
  const pids = () => daemons.map(pidOf).filter((pid) => pid !== null);
  const stop = async () => {
    spawnSync("scancel", ["--user=root"], { env });
    await sleep(2000);
    for (const daemon of daemons.toReversed()) await end(pidOf(daemon));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const own = (name) => join(folder, `munge.${name}`);
    const places = [`--socket=${own("socket")}`, `--key-file=${own("key")}`];
    const files = [`--pid-file=${folder}/munged.pid`, `--log-file=${folder}/munged.log`];
    start("munged", ["--force", ...places, ...files, `--seed-file=${own("seed")}`], env);
    start("slurmctld", [], env);
    start("slurmd", [], env);
    for (let i = 0; ; i++) {
      const { stdout } = spawnSync("sinfo", ["-h", "-o", "%T"], { env, encoding: "utf8" });
      if (/^idle/.test(stdout)) break;
      if (i === 60) throw new Error(`the node does not come up: ${logOf(folder)}`);
      await sleep(500);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { env, folder, pids, stop };
}

function logOf(folder) {
  const log = join(folder, "slurmctld.log");
  return existsSync(log)
    ? readFileSync(log, "utf8").trim().split("\n").slice(-3).join(" | ")
    : "no log";
}

async function end(pid) {
  if (pid === null) return;
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    for (let i = 0; i < 50 && existsSync(`/proc/${pid}`); i++) {
      if (i === 0) process.kill(pid, signal);
      await sleep(100);
    }
  }
}

/** Addresses on which these processes listen for TCP, as text: "127.0.0.1", "0.0.0.0", … */
export function listening(pids) {
  const sockets = new Set(
    pids.flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
        } catch (error) {
          if (error.code === "ENOENT") return []; // closed meanwhile
          throw error;
        }
      }),
    ),
  );
  return ["tcp", "tcp6"].flatMap((table) => {
    const lines = readFileSync(`/proc/net/${table}`, "utf8").trim().split("\n").slice(1);
    return lines.flatMap((line) => {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (state !== "0A" || !sockets.has(inode)) return [];
      const address = local.split(":")[0];
      if (address.length > 8) return [/^0+1?0*$/.test(address) ? `::(${address})` : address];
      return [
        address
          .match(/../g)
          .reverse()
          .map((byte) => Number.parseInt(byte, 16))
          .join("."),
      ];
    });
  });
}
