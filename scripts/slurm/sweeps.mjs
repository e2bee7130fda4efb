// Checks of sweeps: each is a function of the environment of the cluster.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { dsbm, findFile, folderOf, run, statesOf, statusOf, sweep, waitFor } from "./checks.mjs";
import { compare, expect, results } from "./results.mjs";

const slurmOptions = ["launcher=slurm_cpu", "launcher.mem_gb=2"];

async function checkSameNumbers(env) {
  const here = await dsbm(sweep(folderOf("local")), env);
  expect(here.code === 0, here.output);
  const words = [...slurmOptions, "launcher.wait=false", "launcher.array_parallelism=1"];
  words.push(`launcher.additional_parameters.comment="it's \\#1"`);
  const first = await dsbm(sweep(folderOf("slurm"), words), env);
  const job = /Submitted batch job (\d+)/.exec(first.output)?.[1];
  expect(job !== undefined, first.output);
  const output = await statusOf(folderOf("slurm"), env);
  expect(statesOf(output).filter((s) => s === "waiting").length >= 2, output);
  const shown = await run(["scontrol", "show", "job", `${job}_4`], env);
  expect(/Comment=it's \\?#1/.test(shown.output), shown.output);
  const twice = await dsbm(sweep(folderOf("slurm"), slurmOptions), env);
  expect(/waits or runs in Slurm already/.test(twice.output), twice.output);
  expect(twice.code === 2, twice.output);
  await waitFor(folderOf("slurm"), env, (now) => statesOf(now).every((s) => s === "finished"));
  const [a, b] = [results(folderOf("local")), results(folderOf("slurm"))];
  expect(Object.keys(a).length === 4, `${Object.keys(a).length} runs instead of 4`);
  expect(JSON.stringify(a) === JSON.stringify(b), "the numbers differ");
}

async function checkTable(env) {
  const output = await statusOf(folderOf("slurm"), env);
  expect(statesOf(output).join() === "finished,finished,finished,finished", output);
  const table = await dsbm(["sweep", "table", folderOf("slurm")], env);
  expect(/ 2 .* ± /.test(table.output), table.output);
}

async function checkFailedMember(env) {
  const words = [...slurmOptions, "lr=1e-4,1e30"];
  const first = await dsbm(sweep(folderOf("failed"), words), env);
  expect(first.code === 1, first.output);
  expect((first.output.match(/failed .*the loss became NaN/g) ?? []).length >= 4, first.output);
  const again = await dsbm(sweep(folderOf("failed"), words), env);
  expect(/8 runs, 4 to start/.test(again.output), again.output);
}

/** The arguments of a sweep whose two members run for minutes. */
const longSweep = (name, more = []) => [
  ...sweep(folderOf(name)).map((word) =>
    word
      .replace("dim=2,3", "dim=2")
      .replace("inner_iters=40", "inner_iters=2000")
      .replace("outer_iters=2", "outer_iters=400"),
  ),
  ...slurmOptions,
  "launcher.wait=false",
  ...more,
];

/** The process of the member with a seed. */
const pidOf = (name, seed) => {
  const lock = findFile(folderOf(name), `/${seed}/.lock`);
  return Number(JSON.parse(readFileSync(lock, "utf8")).process.split("-")[1]);
};
/** Whether both members run. */
const areRunning = (output) => statesOf(output).join() === "running,running";
const haveStarted = (name) =>
  ["1", "2"].every((seed) => findFile(folderOf(name), `/${seed}/.lock`));

async function checkKilledMember(env) {
  const first = await dsbm(longSweep("killed"), env);
  const job = /Submitted batch job (\d+)/.exec(first.output)?.[1];
  expect(job !== undefined, first.output);
  await waitFor(folderOf("killed"), env, (output) => areRunning(output) && haveStarted("killed"));
  process.kill(pidOf("killed", 1), "SIGKILL");
  const half = await waitFor(folderOf("killed"), env, (output) => !areRunning(output));
  expect(/interrupted +the process ended without a message/.test(half), half);
  expect(statesOf(half)[1] === "running", half);
  spawnSync("scancel", [job], { env });
  const output = await waitFor(
    folderOf("killed"),
    env,
    (output) => statesOf(output)[1] !== "running",
  );
  expect(/2 +(interrupted|failed) +.*(CANCELLED|signal)/.test(output), output);
}

async function checkMemory(env) {
  const first = await dsbm(longSweep("memory", ["launcher.mem_gb=0.05"]), env);
  expect(first.code === 0, first.output);
  const output = await waitFor(folderOf("memory"), env, (output) =>
    statesOf(output).every((s) => s === "failed" || s === "interrupted"),
  );
  expect((output.match(/(failed|interrupted) +.*(oom|memory limit)/gi) ?? []).length === 2, output);
}

async function checkTimeLimit(env) {
  const first = await dsbm(longSweep("limit", ["launcher.timeout_min=1"]), env);
  expect(first.code === 0, first.output);
  const output = await waitFor(
    folderOf("limit"),
    env,
    (output) => statesOf(output).every((s) => s === "interrupted"),
    180,
  );
  const again = await dsbm(longSweep("limit"), env);
  expect(/2 runs, 2 to start/.test(again.output), `${output}\n${again.output}`);
  await waitFor(folderOf("limit"), env, areRunning);
  const log = () => {
    const path = findFile(folderOf("limit"), "logs/1.log");
    return path ? readFileSync(path, "utf8") : "";
  };
  for (let i = 0; i < 60 && !/resuming from checkpoint/.test(log()); i++) await sleep(500);
  expect(/resuming from checkpoint/.test(log()), log());
  spawnSync("scancel", ["--user=root"], { env });
  await waitFor(folderOf("limit"), env, (output) => !/running/.test(statesOf(output).join()));
}

async function checkRefusal(env) {
  const words = [...slurmOptions, "launcher.partition=nope"];
  const { code, output } = await dsbm(sweep(folderOf("refused"), words), env);
  expect(code === 2 && /invalid partition/i.test(output), output);
}

async function checkTwoProcesses(env) {
  const { code, output } = await dsbm(
    sweep(folderOf("two"), [...slurmOptions, "nproc=2", "dim=2"]),
    env,
  );
  expect(code === 0, output);
  const script = readFileSync(findFile(folderOf("two"), "sbatch.sh"), "utf8");
  expect(/--cpus-per-task=2\n/.test(script), "not two cores");
  compare(join(scratch, "two"), join(scratch, "local"), (path) => path.includes("dim=2"));
}

/** The checks by their names, in the order in which they need each other's runs. */
export const sweepChecks = {
  "a sweep in Slurm has the numbers of launcher=local, and is not submitted twice":
    checkSameNumbers,
  "all its members are finished, and its table has both seeds": checkTable,
  "a failed member says why, and alone starts again": checkFailedMember,
  "a killed member is interrupted, and scancel stops the other one so that it can resume":
    checkKilledMember,
  "a member above its memory fails with that reason": checkMemory,
  "a member stops before its time is up, and resumes when started again": checkTimeLimit,
  "a refusal of Slurm is shown in its words": checkRefusal,
  "a member of two processes gets the cores of both": checkTwoProcesses,
};
