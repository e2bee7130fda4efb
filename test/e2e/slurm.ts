// A Slurm to test against: sbatch that runs the array's members one after the other, or only takes them, and squeue
// that knows the jobs that the test wrote down. The real one is what `npm run check:slurm` starts.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface FakeSlurm {
  env: Record<string, string>;
  /** The arrays that were submitted, in order. */
  submitted(): string[];
  /** The jobs that squeue knows. */
  queue(jobs: number[]): void;
}

/** Programs in a folder; `runs` says whether sbatch runs the members or only takes them. */
export function fakeSlurm(folder: string, { runs }: { runs: boolean }): FakeSlurm {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  const [arrays, queue] = [join(folder, "arrays"), join(folder, "queue")];
  const program = (name: string, lines: string[]) => {
    writeFileSync(join(bin, name), ["#!/bin/sh", ...lines, ""].join("\n"));
    chmodSync(join(bin, name), 0o755);
  };
  program("sbatch", [
    'script=$1; [ "$1" = --wait ] && script=$2',
    `array=$(sed -n 's/^#SBATCH --array=\\(.*\\)%.*/\\1/p' "$script")`,
    `echo "$array" >> ${arrays}`,
    `echo Submitted batch job $(wc -l < ${arrays})`,
    ...(runs
      ? [
          "for task in $(echo $array | tr , ' '); do",
          '  SLURM_ARRAY_TASK_ID=$task sh "$script" > logs/$task.log 2>&1',
          "done",
        ]
      : ['[ "$1" = --wait ] && exec sleep 600']),
  ]);
  program("squeue", [`[ -f ${queue} ] && exec cat ${queue}`]);
  return {
    env: { PATH: `${bin}:${process.env.PATH}` },
    submitted: () => (existsSync(arrays) ? readFileSync(arrays, "utf8").trim().split("\n") : []),
    queue: (jobs) => writeFileSync(queue, jobs.map((job) => `${job}\n`).join("")),
  };
}
