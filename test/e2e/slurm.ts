// A Slurm to test against: sbatch that runs the array's members one after the other, or only takes them, and squeue
// that says what the test wrote down. The real one is what `npm run check:slurm` starts.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface FakeSlurm {
  env: Record<string, string>;
  /** The arrays that were submitted, in order. */
  submitted(): string[];
  /** What squeue answers: lines of "<job> <index> <state> <reason>"; undefined: it knows no job. */
  queue(lines: string[] | undefined): void;
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
    '[ "$1" = --parsable ] || exit 64',
    `array=$(sed -n 's/^#SBATCH --array=\\(.*\\)%.*/\\1/p' "$2")`,
    `echo "$array" >> ${arrays}`,
    `job=$(wc -l < ${arrays})`,
    ...(runs
      ? [
          "for range in $(echo $array | tr , ' '); do",
          "  for task in $(seq $(echo $range | sed s/-.*//) $(echo $range | sed s/.*-//)); do",
          '    SLURM_ARRAY_TASK_ID=$task sh "$2" > logs/$task.log 2>&1',
          "  done",
          "done",
        ]
      : []),
    "echo $job",
  ]);
  program("squeue", [
    `[ -f ${queue} ] && exec cat ${queue}`,
    "echo slurm_load_jobs error: Invalid job id specified >&2",
    "exit 1",
  ]);
  program("sacct", ["echo Slurm accounting storage is disabled >&2", "exit 1"]);
  return {
    env: { PATH: `${bin}:${process.env.PATH}` },
    submitted: () => (existsSync(arrays) ? readFileSync(arrays, "utf8").trim().split("\n") : []),
    queue: (lines) => writeFileSync(queue, (lines ?? []).map((line) => `${line}\n`).join("")),
  };
}
