// The script for Slurm: arguments come through unchanged, whatever they hold.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SlurmLauncher } from "@dsbm/config";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { batchScript } from "../src/sweep/slurm.js";
import type { NumberedMember } from "../src/sweep/sweep.js";

const launcher: SlurmLauncher = {
  kind: "slurm",
  partition: null,
  cpus_per_task: 1,
  gpus_per_node: null,
  mem_gb: 8,
  timeout_min: null,
  array_parallelism: 30,
  additional_parameters: {},
  wait: true,
};

const member = (number: number, given: Partial<NumberedMember> = {}) => ({
  number,
  label: `member ${number}`,
  overrides: {},
  args: ["gaussian", `seed=${number}`],
  folder: `/runs/${number}`,
  seed: number,
  device: "cpu",
  nproc: 1,
  finished: () => false,
  ...given,
});

const script = (keys: Partial<SlurmLauncher> = {}, members = [member(1)]) =>
  batchScript(members, { ...launcher, ...keys }, { name: "dsbm-gaussian", cwd: "/home/me/work" });
const options = (text: string) => text.split("\n").filter((line) => line.startsWith("#SBATCH"));

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dsbm-slurm-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the script", () => {
  it("has the options of the preset, one task a member", () =>
    expect(options(script({}, [member(1), member(2), member(4)]))).toEqual([
      "#SBATCH --job-name=dsbm-gaussian",
      "#SBATCH --nodes=1",
      "#SBATCH --ntasks=1",
      "#SBATCH --cpus-per-task=1",
      "#SBATCH --mem=8192M",
      "#SBATCH --array=1,2,4%30",
      "#SBATCH --output=logs/%a.log",
      "#SBATCH --open-mode=append",
    ]));

  it("has the options of the keys", () => {
    const keys = { partition: "gpu", cpus_per_task: 4, gpus_per_node: 2, mem_gb: 0.5 };
    const text = script({ ...keys, timeout_min: 90, array_parallelism: 5 });
    const expected = [
      "partition=gpu",
      "cpus-per-task=4",
      "gpus-per-node=2",
      "mem=512M",
      "time=90",
      "signal=B:TERM@90",
      "array=1%5",
    ];
    for (const option of expected) expect(options(text)).toContain(`#SBATCH --${option}`);
    expect(text).toContain("export DSBM_CORES=4\n");
    // All processes of a run are one task.
    const both = script({ cpus_per_task: 3, gpus_per_node: 1 }, [
      member(1, { nproc: 2, device: "cuda" }),
    ]);
    expect(options(both)).toContain("#SBATCH --cpus-per-task=6");
    expect(options(both)).toContain("#SBATCH --gpus-per-node=2");
    // No signal before the run has begun.
    expect(options(script({ timeout_min: 1 }))).toContain("#SBATCH --signal=B:TERM@15");
  });

  it("prefers options of the user, quotes them for sbatch, and drops false ones", () => {
    const text = script({
      mem_gb: 2,
      additional_parameters: {
        job_name: `it's "1" #2`,
        mem: "3G",
        exclusive: true,
        requeue: false,
        nice: 100,
      },
    });
    expect(options(text)).toContain(String.raw`#SBATCH --job-name=it\'s\ \"1\"\ \#2`);
    expect(options(text).filter((line) => line.includes("--mem="))).toEqual(["#SBATCH --mem=3G"]);
    expect(options(text)).toContain("#SBATCH --exclusive");
    expect(options(text)).toContain("#SBATCH --nice=100");
    expect(text).not.toContain("requeue");
  });

  it.each<Record<string, string>>([
    { account: "physics\nrm -rf ~" },
    { "account\n#SBATCH --nice": "1" },
    { comment: "a\rb" },
  ])("refuses a parameter that would begin a line: %j", (additional_parameters) =>
    expect(() => script({ additional_parameters })).toThrow(
      /additional_parameters has .* on one line/,
    ),
  );

  it("runs the member of its task with every override unchanged", () => {
    const odd = ["x='a b'", 'y="q"', "z=$(rm -rf /)", "w=`id`", "v=a\\b", "u=\n"];
    odd.push("t=*;&|<>", "ü=é", "");
    const members = [member(1), member(2, { args: ["gaussian", ...odd] })];
    const place = join(folder, 'it\'s a "place" $HOME');
    execFileSync("mkdir", ["-p", place]);
    const text = batchScript(members, launcher, { name: "x", cwd: place });
    // Instead of the program, a script that prints its arguments and folder.
    const echo = join(folder, "echo.mjs");
    writeFileSync(echo, "console.log(JSON.stringify([process.cwd(), process.argv.slice(3)]))");
    const last = text.trimEnd().split("\n").at(-1) as string;
    const echoing = text.replace(last, `exec ${process.execPath} ${echo} program "$@"`);
    const env = { ...process.env, SLURM_ARRAY_TASK_ID: "2" };
    const out = execFileSync("sh", ["-c", echoing], { env, encoding: "utf8" });
    expect(JSON.parse(out)).toEqual([place, ["gaussian", ...odd]]);
    expect(last).toMatch(/^exec \S+ \S+dsbm\.mjs "\$@"$/);
    const none = { ...process.env, SLURM_ARRAY_TASK_ID: "3" };
    expect(() => execFileSync("sh", ["-c", echoing], { env: none, stdio: "pipe" })).toThrow(
      /this script has no member 3/,
    );
  });
});
