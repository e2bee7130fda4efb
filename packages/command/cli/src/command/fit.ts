import {
  completeTrain,
  fit,
  type Member,
  printCommand,
  type TrainConfig,
  writeYaml,
} from "@dsbm/config";
import { shellWord } from "@dsbm/files";
import { readQuality } from "@dsbm/runs";
import { beginWork, placesOf, qualityTable, withoutCfg } from "../terminal/work.js";
import { fitSwitches, placeOfRun, readFitArguments } from "../words/places.js";
import { runExperiment } from "./experiment.js";

const notes = [
  "SOURCE and TARGET are tables (.csv, .tsv, .parquet, .npy, .npz, .h5ad), folders of images, or fields (.nc, .zarr).",
  "One table with two groups: dsbm fit FILE data.split_by=COLUMN data.source=A data.target=B;",
  "one table of several times: dsbm fit FILE time=COLUMN",
  "More than two form a time course in their order: dsbm fit DAY0 DAY1 DAY2 at=2,3,7 (without at: equally spaced)",
  "dsbm chooses all other options from the data, prints them with reasons, and keeps them in choices.json.",
  "--json   print only the final table, or the plan, as JSON on stdout",
  "",
].join("\n");

/**
 * Returns the exit code.
 * @throws {ConfigError}
 */
export async function fitCommand(args: string[], began: number): Promise<number> {
  const [tokens, cfg] = withoutCfg(args.filter((token) => !fitSwitches.includes(token)));
  const { base, parsed, places, overrides } = readFitArguments(tokens);
  const isPlan = args.includes("--plan");
  // Reading a column of times tells its datasets.
  const isCourse = overrides.time !== undefined;
  const { withTimes } = isCourse ? await import("@dsbm/fit") : { withTimes: null };
  return runExperiment(
    {
      experiment: fit,
      usage: "SOURCE [BETWEEN …] TARGET [--plan] [--json] ",
      notes,
      base: withTimes ? await withTimes({ base, overrides }) : base,
      places,
      plan:
        isPlan || cfg
          ? (members) => plan(members, { cfg, json: args.includes("--json"), places })
          : undefined,
      print: (folder) => print(folder, args.includes("--json")),
    },
    { parsed, args, again: args.includes("--again"), cfg },
    began,
  );
}

/** Prints the plan of the first run. */
async function plan(
  members: readonly [Member<TrainConfig>, ...Member<TrainConfig>[]],
  { cfg, json, places }: { cfg: boolean; json: boolean; places: string[] },
): Promise<void> {
  const [request] = members;
  const { datasetLines, planFit, planWarnings, printPlan } = await import("@dsbm/fit");
  using work = await beginWork("stopped");
  const plan = await planFit(request, { ...work, isShown: true });
  if (cfg) console.log(writeYaml(plan.config).trimEnd());
  else if (json) {
    const { choices, forecast } = plan;
    const { overrides } = request;
    const folders = members.map((one) => placeOfRun(completeTrain(one.config), one));
    const command = printCommand({ command: "fit", arguments: places, overrides });
    const warnings = planWarnings(plan);
    console.log(JSON.stringify({ choices, forecast, warnings, command, folders }));
  } else {
    if (members.length > 1)
      console.log(`a sweep of ${members.length} runs; the plan of the first run:`);
    for (const line of datasetLines(plan)) console.log(line);
    printPlan(plan, { line: (text) => console.log(text) });
    for (const warning of planWarnings(plan)) console.log(`data: ${warning}`);
  }
  plan.datasets?.dispose();
}

async function print(folder: string, json: boolean): Promise<void> {
  const quality = readQuality(folder);
  if (!quality) return;
  if (json) return console.log(JSON.stringify(quality, null, 2));
  console.log(
    `${qualityTable(quality)}\n${placesOf(folder)}\nsample:   npx dsbm sample ${shellWord(folder)} NEW OUT direction=f`,
  );
}
