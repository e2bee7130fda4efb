// `dsbm gaussian key=value … [-m]`: one run here, or a sweep of runs side by side.
import { fileURLToPath } from "node:url";
import { ConfigError, gaussian, helpTable, type Member, resolve } from "@dsbm/config";
import { formatTable, runFolder } from "@dsbm/runs";
import type { GaussianResult } from "../gaussian/run.js";
import { createInterrupt } from "../interrupt.js";
import { createProgress } from "../progress.js";
import { sweep } from "../sweep.js";

/** The engine is loaded when a run is certain: help and mistakes need not wait for it. */
const engine = () => import("../gaussian/run.js");

/** Where the presets are. */
export const presets: string = fileURLToPath(new URL("../../../../conf", import.meta.url));

type Config = Member<ReturnType<typeof gaussian.schema.parse>>["config"];

/** The folder of a member of a sweep. */
export function folderOf({ config, dirname }: Pick<Member<Config>, "config" | "dirname">): string {
  return runFolder({
    experiments_dir: config.experiments_dir,
    name: "gaussian",
    overrides: dirname,
    seed: config.seed,
  });
}

function help(): string {
  return [
    "usage: dsbm gaussian [key=value …] [-m] [--again]",
    "",
    gaussian.about,
    "",
    helpTable(gaussian.schema),
    "",
    "-m, --multirun   a key with several values (dim=5,20,50) makes a run for each combination",
    "--again          start over where a run is already",
  ].join("\n");
}

/** The last rows beside the exact values. */
export function resultTable({ rows, exact }: Pick<GaussianResult, "rows" | "exact">): string {
  const last = Math.max(...rows.map((row) => Number(row.half_iteration)));
  const shown = rows
    .filter((row) => row.half_iteration === last)
    .map(({ seconds: _, ...row }) => row);
  return formatTable([
    ...shown,
    {
      half_iteration: null,
      direction: "exact",
      steps: null,
      mean: exact.mean,
      var: exact.var,
      cov: exact.cov,
      kl_diag: 0,
      kl_full: 0,
      floor_diag: null,
      floor_full: null,
    },
  ]);
}

async function single(member: Member<Config>, again: boolean): Promise<number> {
  const { finishedResult, runGaussian } = await engine();
  const folder = folderOf(member);
  const done = again ? null : finishedResult(folder, member.config);
  if (done) {
    console.log(`${folder} is finished already (--again starts over)`);
    console.log(resultTable(done));
    return 0;
  }
  const interrupt = createInterrupt();
  const progress = createProgress();
  try {
    const result = await runGaussian(member.config, {
      folder,
      progress,
      resume: `npx dsbm gaussian ${member.words.join(" ")}`,
      signal: interrupt.signal,
      again,
    });
    if (result.state === "interrupted") return 130;
    console.log(resultTable(result));
    console.log(
      `results:  ${folder}/results.csv\npictures: ${folder}/figures\nreport:   ${folder}/index.html`,
    );
    return 0;
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

/** Runs the command; returns the exit code. Throws ConfigError for overrides that cannot be. */
export async function gaussianCommand(args: string[]): Promise<number> {
  const again = args.includes("--again");
  const tokens = args.filter((arg) => arg !== "--again");
  const resolved = resolve(gaussian, tokens, { dirs: [presets] });
  if (resolved.help) {
    console.log(help());
    return 0;
  }
  const [first, ...rest] = resolved.members;
  if (!first) throw new ConfigError("sweep", "the sweep has no members");
  if (rest.length === 0) return single(first, again);
  const { finishedResult } = await engine();
  return sweep(
    resolved.members.map((member) => ({
      label: `${member.dirname} seed=${member.config.seed}`,
      args: ["gaussian", ...member.words, ...(again ? ["--again"] : [])],
      finished: () => !again && finishedResult(folderOf(member), member.config) !== null,
    })),
  );
}
