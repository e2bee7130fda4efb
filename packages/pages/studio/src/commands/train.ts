// New bridges, and longer ones.
import { RunError, runInfo } from "@dsbm/runs";
import { z } from "zod";
import { pathBelow } from "../files/walk.js";
import { readAs } from "../runs/files.js";
import type { JobView, PlacedPlan } from "../shared/api.js";
import type { Desk } from "./desk.js";
import { commandText, type FitCommand } from "./requests.js";

/** The files of a bridge in the order of their times, and options as typed. */
export interface BridgeRequest {
  files: readonly string[];
  options: Readonly<Record<string, string>>;
}

interface PlacedFit extends FitCommand {
  /** Its run below the folder. */
  run: string;
}

/** A fit whose run is below the folder. Throws RunError. */
function inFolder({ folder }: Desk, command: FitCommand): PlacedFit {
  const run = folder.relative(command.folder);
  if (run === undefined)
    throw new RunError("bad_argument", `the run ${command.folder} is not below ${folder.root}`);
  folder.refuseLinks(run);
  return { ...command, run };
}

function fitOf(desk: Desk, { files, options }: BridgeRequest): PlacedFit {
  const { folder, program } = desk;
  const places = files.map((file) => desk.placeOf(file));
  return inFolder(desk, program.fit(folder.root, places, options));
}

/** What `dsbm fit` would do. Throws RunError. */
export async function planBridge(
  desk: Desk,
  request: BridgeRequest,
  signal: AbortSignal,
): Promise<PlacedPlan> {
  const { words, run } = fitOf(desk, request);
  const plan = JSON.parse(await desk.jobs.answer([...words, "--plan", "--json"], signal));
  const exists = desk.table.row(run) !== undefined;
  return { ...plan, command: commandText(words), run, exists };
}

/** Starts `dsbm fit`. Throws RunError. */
export function trainBridge(desk: Desk, request: BridgeRequest): JobView | null {
  const { words, run } = fitOf(desk, request);
  return desk.start(run, words);
}

/** Makes a run longer by some half-iterations. Throws RunError. */
export const extendRun = (desk: Desk, run: string, more: number): JobView | null =>
  desk.start(run, ["extend", desk.runPlace(run), `+${more}`]);

const halfIterations = z.int().min(1).max(100_000);

/**
 * Resumes an interrupted run. Its run.json may be a stranger's, so it names no command of its own.
 * @throws {RunError} if no page could have begun the run.
 */
export function resumeRun(desk: Desk, run: string): JobView | null {
  const { folder, program } = desk;
  const place = desk.runPlace(run);
  const { request } = readAs(folder, pathBelow(run, "run.json"), runInfo);
  if (request?.command === "extend") {
    const length = halfIterations.parse(request.overrides.half_iterations);
    return desk.start(run, ["extend", place, `half_iterations=${length}`]);
  }
  const isInside = (file: string) => {
    const inner = folder.relative(file);
    return inner !== undefined && folder.stat(inner) !== undefined;
  };
  if (request?.command !== "fit" || !request.arguments.every(isInside))
    throw new RunError(
      "bad_argument",
      "the studio resumes runs of dsbm fit with files of its folder: resume this run in a terminal, by its command",
    );
  const command = inFolder(desk, program.resume(folder.root, request));
  if (command.run !== run)
    throw new RunError(
      "bad_argument",
      "this run was moved: resume it in a terminal, by its command",
    );
  return desk.start(run, command.words);
}
