import { ConfigError, distill, printCommand } from "@dsbm/config";
import { digits, shellWord } from "@dsbm/files";
import {
  comparisonRows,
  formatTable,
  isFinished,
  readStepComparison,
  stoppedWithin,
} from "@dsbm/runs";
import { withLog } from "../experiment/run-log.js";
import { aloneOnly, beginWork, placedWords, placesOf } from "../terminal/work.js";

const notes = [
  "RUN      folder of a run of dsbm train, gaussian or fit; a folder above one; or latest",
  "--again  start over if the folder of the new run holds a run",
  "The new run keeps a copy of RUN's networks: RUN may go. The same command resumes it.",
];

/**
 * Returns the exit code.
 * @throws {ConfigError | RunError}
 */
export async function distillCommand(args: string[]): Promise<number> {
  const again = args.includes("--again");
  const words = args.filter((word) => word !== "--again");
  const asked = placedWords(distill, words, { expected: "RUN", notes });
  if (!asked) return 0;
  const { config, overrides, places } = asked;
  const [run = "latest"] = places;
  await aloneOnly("distill");
  const { distilledFolder, runDistill } = await import("@dsbm/experiment");
  const folder = distilledFolder(run, config);
  if (!again && isFinished(folder)) {
    console.log(`${folder} is finished already (--again starts over)`);
    printComparison(folder);
    return 0;
  }
  const request = { command: "distill", arguments: [run], overrides };
  const resume = printCommand(request);
  using work = await beginWork(stoppedWithin(resume));
  const progress = withLog(work.progress, folder);
  const place = { folder, again, resume, request, progress, signal: work.signal };
  const { state } = await runDistill(run, config, place);
  if (state === "interrupted") return 130;
  progress.done();
  printComparison(folder);
  return 0;
}

/** Prints the metrics of the run by its number of steps, the teacher first. */
function printComparison(folder: string): void {
  const comparison = readStepComparison(folder);
  if (!comparison)
    throw new ConfigError(`${folder} is no run of dsbm distill: write out=FOLDER for the new run`);
  const rows = comparisonRows(comparison).map(({ title, direction, values, floor }) => ({
    metric: title,
    direction,
    ...Object.fromEntries(values.map(({ sampler, value }) => [sampler, digits(value)])),
    floor: digits(floor),
  }));
  console.log(
    `${formatTable(rows)}\n${placesOf(folder)}\nsample:   npx dsbm sample ${shellWord(folder)} NEW OUT direction=f steps=1`,
  );
}
