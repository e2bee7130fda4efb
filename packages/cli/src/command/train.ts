// `dsbm train key=value … [-m]`: a bridge between two sets of images, or a sweep of such runs.
import {
  ConfigError,
  completeTrain,
  groupTable,
  helpTable,
  type Member,
  presetGroups,
  resolve,
  train,
} from "@dsbm/config";
import { formatTable, type Row, runFolder } from "@dsbm/runs";
import { createInterrupt } from "../interrupt.js";
import { createProgress } from "../progress.js";
import { sweep } from "../sweep.js";
import { presets } from "./gaussian.js";

/** The engine is loaded when a run is certain: help and mistakes need not wait for it. */
const engine = () => import("../train/run.js");

type Config = Member<ReturnType<typeof train.schema.parse>>["config"];

/** The folder of a member of a sweep. */
export function folderOf({ config, dirname }: Pick<Member<Config>, "config" | "dirname">): string {
  return runFolder({
    experiments_dir: config.experiments_dir,
    name: config.name,
    overrides: dirname,
    seed: config.seed,
  });
}

function help(): string {
  return [
    "usage: dsbm train [dataset=…] [method=…] [model=…] [key=value …] [-m] [--again]",
    "",
    train.about,
    "",
    groupTable(presetGroups([presets], "train")),
    "",
    helpTable(train.schema),
    "",
    "-m, --multirun   a key with several values (seed=1,2,3) makes a run for each combination",
    "--again          start over where a run is already",
    "",
    "Where a run was stopped or killed, the same command goes on with it, from its newest whole checkpoint.",
  ].join("\n");
}

/** The newest evaluation of each direction. */
export function resultTable(rows: readonly Row[]): string {
  const shown = (["b", "f"] as const)
    .map((d) => rows.findLast((row) => row.direction === d))
    .filter((row) => row !== undefined);
  const columns = [
    "iteration",
    "direction",
    "step",
    "n",
    "end_mean",
    "data_mean",
    "end_var",
    "data_var",
    "msd",
    "independent_msd",
    "share",
    "data_share",
    "fid_lenet",
    "data_fid_lenet",
    "fid",
  ];
  return formatTable(
    shown.map((row) =>
      Object.fromEntries(
        columns
          .filter((name) =>
            shown.some((r) => r[name] !== null && r[name] !== undefined && r[name] !== ""),
          )
          .map((name) => [name, row[name] ?? null]),
      ),
    ),
  );
}

function tell(folder: string, rows: readonly Row[]): void {
  console.log(resultTable(rows));
  console.log(
    `results:  ${folder}/results.csv\npictures: ${folder}/samples\nreport:   ${folder}/index.html`,
  );
}

async function single(member: Member<Config>, again: boolean): Promise<number> {
  const { freeKeys, runImages } = await engine();
  const { finishedRows } = await import("../resume.js");
  const folder = folderOf(member);
  const config = completeTrain(member.config);
  const done = again ? null : finishedRows(folder, config, freeKeys);
  if (done) {
    console.log(`${folder} is finished already (--again starts over)`);
    tell(folder, done);
    return 0;
  }
  const interrupt = createInterrupt();
  const progress = createProgress();
  try {
    const result = await runImages(config, {
      folder,
      progress,
      resume: `npx dsbm train ${member.words.join(" ")}`,
      signal: interrupt.signal,
      again,
    });
    if (result.state === "interrupted") return 130;
    progress.done();
    tell(folder, result.rows);
    return 0;
  } finally {
    progress.done();
    interrupt.dispose();
  }
}

/** Runs the command; returns the exit code. Throws ConfigError for overrides that cannot be. */
export async function trainCommand(args: string[]): Promise<number> {
  const again = args.includes("--again");
  const tokens = args.filter((arg) => arg !== "--again");
  const resolved = resolve(train, tokens, { dirs: [presets] });
  if (resolved.help) {
    console.log(help());
    return 0;
  }
  const [first, ...rest] = resolved.members;
  if (!first) throw new ConfigError("sweep", "the sweep has no members");
  if (rest.length === 0) return single(first, again);
  const { freeKeys } = await engine();
  const { finishedRows } = await import("../resume.js");
  return sweep(
    resolved.members.map((member) => ({
      label: `${member.dirname} seed=${member.config.seed}`,
      args: ["train", ...member.words, ...(again ? ["--again"] : [])],
      finished: () =>
        !again && finishedRows(folderOf(member), completeTrain(member.config), freeKeys) !== null,
    })),
  );
}
