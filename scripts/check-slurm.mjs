// `npm run check:slurm`: sweeps and a training in two processes through a real Slurm, on a cluster of one node that is
// started here on the loopback and taken down again. Outside `npm test`: it needs root, and Debian's slurm-wlm.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { attempt } from "./setup/command.mjs";
import { repo } from "./setup/stamp.mjs";
import { installSystem } from "./setup/system.mjs";
import { reportFailure, setup } from "./setup.mjs";
import { listening, startCluster } from "./slurm/cluster.mjs";
import { compare, expect, results } from "./slurm/results.mjs";

const door = join(repo, "packages/command/cli/bin/dsbm.mjs");
const scratch = mkdtempSync(join(tmpdir(), "dsbm-check-slurm-"));

/** What two processes train, whoever starts them. */
const training = ["gaussian", "dim=2", "inner_iters=50", "outer_iters=2", "threads=1"];
const launchers = [
  { name: "srun", command: (words) => ["srun", "-n2", "--mem=4G", ...words] },
  {
    name: "mpirun",
    command: (words) => [
      ...["mpirun", "-n", "2", "--allow-run-as-root", "--oversubscribe", "sh", "-c"],
      `RANK=$OMPI_COMM_WORLD_RANK WORLD_SIZE=$OMPI_COMM_WORLD_SIZE MASTER_ADDR=127.0.0.1 exec "$@"`,
      ...["dsbm", ...words],
    ],
    alone: true,
  },
  {
    name: "torchrun",
    command: (words) => ["torchrun", "--no-python", ...rendezvous(), ...words],
    alone: true,
  },
];

/** Debian's torchrun cannot serve a store (its PyTorch lacks libuv): its agents meet in a file, rank 0 serves the ranks. */
function rendezvous() {
  const file = join(scratch, "rendezvous");
  writeFileSync(file, "");
  return [
    ...["--nnodes=1", "--nproc-per-node=2", "--rdzv-id=check", "--rdzv-backend=c10d"],
    ...[`--rdzv-endpoint=${file}`, "--rdzv-conf=store_type=file", "--local-addr=127.0.0.1"],
  ];
}

const counts = { passed: 0, failed: 0 };

async function check(name, task) {
  try {
    await task();
    counts.passed++;
    console.log(`✓ ${name}`);
  } catch (error) {
    counts.failed++;
    console.log(`✗ ${name}\n  ${String(error.message ?? error).replaceAll("\n", "\n  ")}`);
  }
}

const has = (program) => spawnSync("which", [program], { stdio: "ignore" }).status === 0;

const run = ([program, ...args], env) => attempt(program, args, { cwd: scratch, env });
const dsbm = (words, env) => run([process.execPath, door, ...words], env);
const sweep = (folder, words = []) => [
  ...["gaussian", "dim=2,3", "net_name=mlp_small", "n_train=256", "n_test=200", "batch_size=64"],
  ...["inner_iters=40", "outer_iters=2", "num_steps=5", "test_num_steps=10", "threads=1"],
  ...["seed=1,2", "-m", `experiments_dir=${folder}`, ...words],
];
const slurm = ["launcher=slurm_cpu", "launcher.mem_gb=2"];

const states = (output) =>
  [...output.matchAll(/^ *\d+ .*\b(waiting|running|finished|failed|interrupted)\b/gm)].map(
    ([, s]) => s,
  );
const status = async (folder, env) => (await dsbm(["sweep", "status", folder], env)).output;

/** Waits until the status of a sweep is as wished. */
async function until(folder, env, wished, seconds = 120) {
  for (let i = 0; ; i++) {
    const output = await status(folder, env);
    if (wished(output)) return output;
    expect(i < seconds, `it did not come so far in ${seconds} s:\n${output}`);
    await sleep(1000);
  }
}

/** A file below a folder, or undefined if it is not there; runs write and remove files meanwhile. */
function found(folder, end) {
  try {
    const path = readdirSync(folder, { recursive: true }).find((name) => name.endsWith(end));
    return path && join(folder, path);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  }
}

async function sweeps(env) {
  const at = (name) => join(scratch, name);
  await check("the same numbers as launcher=local, from a sweep that was waited for", async () => {
    const here = await dsbm(sweep(at("local")), env);
    expect(here.code === 0, here.output);
    const words = [...slurm, "launcher.wait=false", "launcher.array_parallelism=1"];
    words.push(`launcher.additional_parameters.comment="it's \\#1"`);
    const first = await dsbm(sweep(at("slurm"), words), env);
    const job = /Submitted batch job (\d+)/.exec(first.output)?.[1];
    expect(job !== undefined, first.output);
    const output = await status(at("slurm"), env);
    expect(states(output).filter((s) => s === "waiting").length >= 2, output);
    const shown = await run(["scontrol", "show", "job", `${job}_4`], env);
    expect(/Comment=it's \\?#1/.test(shown.output), shown.output);
    const twice = await dsbm(sweep(at("slurm"), slurm), env);
    expect(/waits or runs in Slurm already/.test(twice.output), twice.output);
    expect(twice.code === 2, twice.output);
    await until(at("slurm"), env, (now) => states(now).every((s) => s === "finished"));
    const [a, b] = [results(at("local")), results(at("slurm"))];
    expect(Object.keys(a).length === 4, `${Object.keys(a).length} runs instead of 4`);
    expect(JSON.stringify(a) === JSON.stringify(b), "the numbers differ");
  });

  await check("all its members are finished, and its table has both seeds", async () => {
    const output = await status(at("slurm"), env);
    expect(states(output).join() === "finished,finished,finished,finished", output);
    const table = await dsbm(["sweep", "table", at("slurm")], env);
    expect(/ 2 .* ± /.test(table.output), table.output);
  });

  await check("a failed member says why, and alone is started again", async () => {
    const words = [...slurm, "lr=1e-4,1e30"];
    const first = await dsbm(sweep(at("failed"), words), env);
    expect(first.code === 1, first.output);
    expect((first.output.match(/failed .*the loss became NaN/g) ?? []).length >= 4, first.output);
    const again = await dsbm(sweep(at("failed"), words), env);
    expect(/8 runs, 4 to start/.test(again.output), again.output);
  });

  const long = (name, more = []) => [
    ...sweep(at(name)).map((word) =>
      word
        .replace("dim=2,3", "dim=2")
        .replace("inner_iters=40", "inner_iters=2000")
        .replace("outer_iters=2", "outer_iters=400"),
    ),
    ...slurm,
    "launcher.wait=false",
    ...more,
  ];
  const pidOf = (name, seed) => {
    const lock = found(at(name), `/${seed}/.lock`);
    return Number(JSON.parse(readFileSync(lock, "utf8")).process.split("-")[1]);
  };
  const running = (output) => states(output).join() === "running,running";
  const begun = (name) => ["1", "2"].every((seed) => found(at(name), `/${seed}/.lock`));

  await check(
    "a member that was killed has a state of its own, scancel stops the other where it can go on",
    async () => {
      const first = await dsbm(long("killed"), env);
      const job = /Submitted batch job (\d+)/.exec(first.output)?.[1];
      expect(job !== undefined, first.output);
      await until(at("killed"), env, (output) => running(output) && begun("killed"));
      process.kill(pidOf("killed", 1), "SIGKILL");
      const half = await until(at("killed"), env, (output) => !running(output));
      expect(/interrupted +the process ended without a message/.test(half), half);
      expect(states(half)[1] === "running", half);
      spawnSync("scancel", [job], { env });
      const output = await until(at("killed"), env, (output) => states(output)[1] !== "running");
      expect(/2 +(interrupted|failed) +.*(CANCELLED|signal)/.test(output), output);
    },
  );

  await check("a member that wants more memory than it has fails with that reason", async () => {
    const first = await dsbm(long("memory", ["launcher.mem_gb=0.05"]), env);
    expect(first.code === 0, first.output);
    const output = await until(at("memory"), env, (output) =>
      states(output).every((s) => s === "failed" || s === "interrupted"),
    );
    expect(
      (output.match(/(failed|interrupted) +.*(oom|memory limit)/gi) ?? []).length === 2,
      output,
    );
  });

  await check("a member stops before its time is up, and goes on when started again", async () => {
    const first = await dsbm(long("limit", ["launcher.timeout_min=1"]), env);
    expect(first.code === 0, first.output);
    const output = await until(
      at("limit"),
      env,
      (output) => states(output).every((s) => s === "interrupted"),
      180,
    );
    const again = await dsbm(long("limit"), env);
    expect(/2 runs, 2 to start/.test(again.output), `${output}\n${again.output}`);
    await until(at("limit"), env, running);
    const log = () => {
      const path = found(at("limit"), "logs/1.log");
      return path ? readFileSync(path, "utf8") : "";
    };
    for (let i = 0; i < 60 && !/resuming from checkpoint/.test(log()); i++) await sleep(500);
    expect(/resuming from checkpoint/.test(log()), log());
    spawnSync("scancel", ["--user=root"], { env });
    await until(at("limit"), env, (output) => !/running/.test(states(output).join()));
  });

  await check("a refusal of Slurm is shown in its words", async () => {
    const words = [...slurm, "launcher.partition=nope"];
    const { code, output } = await dsbm(sweep(at("refused"), words), env);
    expect(code === 2 && /invalid partition/i.test(output), output);
  });

  await check("a member of two processes gets the cores of both", async () => {
    const { code, output } = await dsbm(sweep(at("two"), [...slurm, "nproc=2", "dim=2"]), env);
    expect(code === 0, output);
    const script = readFileSync(found(at("two"), "sbatch.sh"), "utf8");
    expect(/--cpus-per-task=2\n/.test(script), "not two cores");
    compare(join(scratch, "two"), join(scratch, "local"), (path) => path.includes("dim=2"));
  });
}

/** A command in a network of its own with nothing but a loopback: these launchers listen everywhere. */
const inside = (words) => [
  "unshare",
  "--net",
  "sh",
  "-c",
  'ip link set lo up && exec "$@"',
  "sh",
  ...words,
];

async function ranks(env) {
  const one = await dsbm([...training, `experiments_dir=${join(scratch, "one")}`], env);
  expect(one.code === 0, one.output);
  for (const { name, command, alone } of launchers) {
    if (!has(name) || (alone && !(has("unshare") && has("ip")))) {
      console.log(`- ${name}: it is not installed here, skipped`);
      continue;
    }
    await check(`two ranks by ${name} learn what one process learns`, async () => {
      const folder = join(scratch, name);
      const words = [process.execPath, door, ...training, `experiments_dir=${folder}`];
      const line = command(words);
      const own = { ...env, TORCH_DISABLE_SHARE_RDZV_TCP_STORE: "1" };
      const { code, output } = await run(alone ? inside(line) : line, own);
      expect(code === 0, output);
      expect(/2 processes share each batch/.test(output), output);
      compare(folder, join(scratch, "one"));
    });
  }
}

/** Whether all that is needed is there; else says what to do. */
async function ready() {
  const wanted = {
    sbatch: "slurm-wlm",
    slurmctld: "slurm-wlm",
    munged: "munge",
    mpirun: "openmpi-bin",
  };
  const missing = [
    ...new Set(
      Object.keys(wanted)
        .filter((name) => !has(name))
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
  if (await ready()) {
    await setup();
    cluster = await startCluster();
    const { env, pids } = cluster;
    await check("the cluster listens on the loopback only", () => {
      const addresses = listening(pids());
      expect(addresses.length >= 2 && addresses.every((a) => a === "127.0.0.1"), addresses.join());
    });
    await sweeps(env);
    await ranks(env);
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
