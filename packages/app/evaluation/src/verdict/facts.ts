// The names and commands of the verdicts on a run.
import { printCommand } from "@dsbm/config";
import { type Datasets, isVectors, shortName } from "@dsbm/datasets";
import { shellWord } from "@dsbm/files";
import {
  distinctNames,
  endNames,
  type NextStep,
  type RunRequest,
  readDataFile,
  readRun,
} from "@dsbm/runs";
import type { VerdictFacts } from "./evidence.js";

/** The names and commands of the verdicts on a run. Throws the errors of readRun. */
export function verdictFacts(folder: string, datasets: Datasets): Omit<VerdictFacts, "n_held_out"> {
  const data = readDataFile(folder);
  const names = (data && endNames(data)) ?? {
    source: shortName(datasets.x0.name),
    target: shortName(datasets.x1.name),
  };
  const { request } = readRun(folder).info;
  return {
    names: distinctNames(names),
    what: isVectors(datasets) ? "rows" : "images",
    commands: verdictCommands(folder, request),
    rounding: roundingStep(request, datasets),
  };
}

/** A step that rounds columns of whole numbers whose generated values are not rounded; null if there are none, or for other commands. */
function roundingStep(
  request: RunRequest | null,
  { columns }: Pick<Datasets, "columns">,
): NextStep | null {
  if (request?.command !== "fit" || !columns) return null;
  const { bounds, limits, names } = columns;
  const isVarying = (k: number) => bounds.source[k].max > bounds.source[k].min;
  const whole = names.filter((_, k) => bounds.whole[k] && isVarying(k));
  const open = names.filter((name, k) => whole.includes(name) && !limits?.whole[k]);
  if (open.length === 0) return null;
  const overrides = { ...request.overrides, "data.integer": whole };
  return {
    reason: `${open.join(", ")} ${open.length === 1 ? "has" : "have"} whole numbers, and a classifier tells generated rows by their decimals. Round them`,
    command: `${printCommand({ ...request, overrides })} --again`,
  };
}

/** Commands that train a run for longer, generate samples, and measure again. */
export function verdictCommands(folder: string, request: RunRequest | null) {
  const run = shellWord(folder);
  return {
    longer: longerCommand(request) ?? `npx dsbm extend ${run} +2`,
    sample: `npx dsbm sample ${run} NEW OUT`,
    measure: `npx dsbm evaluate ${run}`,
  };
}

/** Default of max_minutes. */
const usualMinutes = 10;

/** A command of `dsbm fit` with three times its minutes and steps of its choice; null for other commands. */
function longerCommand(request: RunRequest | null): string | null {
  if (request?.command !== "fit") return null;
  const { max_minutes, num_iter: _, first_num_iter: __, ...overrides } = request.overrides;
  const minutes = typeof max_minutes === "number" ? max_minutes : usualMinutes;
  const longer = { ...overrides, max_minutes: Number((3 * minutes).toPrecision(2)) };
  return `${printCommand({ ...request, overrides: longer })} --again`;
}
