// New bridges, and longer ones.
import { resolve } from "node:path";
import {
  RunError,
  type RunInfo,
  type RunRequest,
  resumeRefusal,
  runInfo,
  sweepsFolder,
} from "@dsbm/runs";
import type { BridgePlan } from "@dsbm/web/fit";
import { z } from "zod";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import { baseFolder } from "../runs/base-folder.js";
import { configFacts, readAs } from "../runs/files.js";
import { type BridgeRequest, type JobView, mostCompared, type PlacedPlan } from "../shared/api.js";
import type { Desk } from "./desk.js";
import { commandText, type FitCommand } from "./requests.js";

interface PlacedFit extends FitCommand {
  /** Its runs below the folder. */
  runs: string[];
}

interface PrintedPlan extends BridgePlan {
  /** The paths of its run folders. */
  folders: string[];
}

const printedPlan = async (
  { jobs }: Desk,
  words: readonly string[],
  signal: AbortSignal,
): Promise<PrintedPlan> => JSON.parse(await jobs.answer([...words, "--plan", "--json"], signal));

/**
 * The run of a folder below the studio's.
 * @throws {RunError}
 */
function runOf({ folder }: Desk, place: string): string {
  const run = folder.relative(resolve(place));
  if (run === undefined)
    throw new RunError("bad_argument", `the run ${place} is not below ${folder.root}`);
  folder.refuseLinks(run);
  return run;
}

/**
 * The runs of folders; a sweep of several also writes to the folder of sweeps.
 * @throws {RunError}
 */
function runsOf(desk: Desk, folders: readonly string[]): string[] {
  if (folders.length > mostCompared)
    throw new RunError(
      "bad_argument",
      `these values make ${folders.length} runs, and the studio starts at most ${mostCompared}: give fewer values, or write dsbm fit with -m in a terminal`,
    );
  if (folders.length > 1) runOf(desk, sweepsFolder(desk.folder.root));
  return folders.map((place) => runOf(desk, place));
}

/**
 * A fit with its runs.
 * @throws {RunError}
 */
async function withRuns(desk: Desk, command: FitCommand, signal: AbortSignal): Promise<PlacedFit> {
  const { words, folders } = command;
  const places = folders ?? (await printedPlan(desk, words, signal)).folders;
  return { ...command, runs: runsOf(desk, places) };
}

function fitOf(desk: Desk, { files, options }: BridgeRequest): FitCommand {
  const { folder, program } = desk;
  const places = files.map((file) => desk.placeOf(file));
  return program.fit(folder.root, places, options);
}

function readRequest(folder: Folder, run: string): Pick<RunInfo, "request"> {
  try {
    return readAs(folder, pathBelow(run, "run.json"), runInfo.pick({ request: true }));
  } catch {
    // The list of runs says what is wrong with the file.
    return { request: null };
  }
}

/** The request that began a run; null for other commands than fit, and if its files are not in the folder. */
export function requestOf({ folder, program }: Desk, run: string): BridgeRequest | null {
  const { request } = readRequest(folder, run);
  if (request?.command !== "fit") return null;
  const base = baseFolder(folder, run);
  const files = request.arguments.flatMap((file) => folder.relative(resolve(base, file)) ?? []);
  const areInside =
    files.length === request.arguments.length && files.every((file) => folder.stat(file));
  return areInside ? { files, options: program.options(request) } : null;
}

/**
 * What `dsbm fit` would do.
 * @throws {RunError}
 */
export async function planBridge(
  desk: Desk,
  request: BridgeRequest,
  signal: AbortSignal,
): Promise<PlacedPlan> {
  const { words, folders: known } = fitOf(desk, request);
  if (known) runsOf(desk, known);
  const { folders, ...plan } = await printedPlan(desk, words, signal);
  const runs = runsOf(desk, folders).map((id) => ({
    id,
    state: desk.table.row(id)?.state ?? null,
  }));
  return { ...plan, command: commandText(words), runs };
}

/**
 * Starts `dsbm fit`; a sweep trains its unfinished runs.
 * @throws {RunError}
 */
export async function trainBridge(
  desk: Desk,
  request: BridgeRequest,
  signal: AbortSignal,
): Promise<JobView | null> {
  const { words, runs } = await withRuns(desk, fitOf(desk, request), signal);
  return desk.start(runs, words);
}

/**
 * Makes a run longer by some half-iterations.
 * @throws {RunError}
 */
export const extendRun = (desk: Desk, run: string, more: number): JobView | null =>
  desk.startOn(run, ["extend", desk.runPlace(run), `+${more}`]);

const halfIterations = z.int().min(1).max(100_000);

/**
 * Resumes an interrupted run of any command, by the configuration in its folder. Its run.json may be a stranger's, so it
 * names no command of its own.
 * @throws {RunError} if the run has no command, and for a fit of files elsewhere.
 */
export async function resumeRun(
  desk: Desk,
  run: string,
  signal: AbortSignal,
): Promise<JobView | null> {
  const { folder, program } = desk;
  const place = desk.runPlace(run);
  const { request } = readAs(folder, pathBelow(run, "run.json"), runInfo);
  const refusal = resumeRefusal(request);
  if (request === null || refusal !== null)
    throw new RunError("bad_argument", `this run cannot be resumed here: ${refusal}`);
  switch (request.command) {
    case "fit":
      return resumeFit(desk, { run, fit: request, signal });
    case "distill":
      return desk.startOn(run, ["distill", place, program.setting("out", place)]);
    case "extend":
      return desk.startOn(run, extension(place, request.overrides.half_iterations));
    default: {
      const config = readAs(folder, pathBelow(run, "config.json"), configFacts);
      return desk.startOn(run, extension(place, config.half_iterations));
    }
  }
}

const extension = (place: string, length: unknown): string[] => [
  "extend",
  place,
  `half_iterations=${halfIterations.parse(length)}`,
];

/** @throws {RunError} if the files are elsewhere or the run was moved. */
async function resumeFit(
  desk: Desk,
  { run, fit, signal }: { run: string; fit: RunRequest; signal: AbortSignal },
): Promise<JobView | null> {
  const { folder, program } = desk;
  const isInside = (file: string) => {
    const inner = folder.relative(file);
    return inner !== undefined && folder.stat(inner) !== undefined;
  };
  if (!fit.arguments.every(isInside))
    throw new RunError(
      "bad_argument",
      "the files of this run are not in the folder of the studio: resume it in a terminal, by its command",
    );
  const { words, runs } = await withRuns(desk, program.resume(folder.root, fit), signal);
  if (runs.join() !== run)
    throw new RunError(
      "bad_argument",
      "this run was moved: resume it in a terminal, by its command",
    );
  return desk.start(runs, words);
}
