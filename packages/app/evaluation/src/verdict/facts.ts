// The names and commands of the verdicts on a run.
import { factsNamed } from "@dsbm/bridge";
import { printCommand } from "@dsbm/config";
import { levelPlaces, rangeItems } from "@dsbm/data";
import { type Datasets, shortName } from "@dsbm/datasets";
import { shellWord } from "@dsbm/files";
import {
  distinctNames,
  endNames,
  type NextStep,
  type RunRequest,
  readDataFile,
  readRun,
} from "@dsbm/runs";
import { samplesName, type VerdictFacts } from "./evidence.js";

/**
 * The names and commands of the verdicts on a run.
 * @throws the errors of readRun.
 */
export function verdictFacts(folder: string, datasets: Datasets): Omit<VerdictFacts, "n_held_out"> {
  const data = readDataFile(folder);
  const names = (data && endNames(data)) ?? {
    source: shortName(datasets.x0.name),
    target: shortName(datasets.x1.name),
  };
  const { request } = readRun(folder).info;
  return {
    names: distinctNames(names),
    what: samplesName(datasets),
    commands: verdictCommands(folder, request),
    ...fitSteps(request, datasets),
  };
}

/** Steps of `dsbm fit` that a verdict can name: each fits again with an option that the columns ask for. */
export const fitSteps = (
  request: RunRequest | null,
  datasets: Pick<Datasets, "columns">,
): Pick<VerdictFacts, "rounding" | "ranging" | "rescaling"> => ({
  rounding: roundingStep(request, datasets),
  ranging: (open) => rangingStep(request, datasets, open),
  rescaling: rescalingStep(request, datasets),
});

/** A step that fits again with further options; null for other commands and other data than tables. */
function fitStep(
  request: RunRequest | null,
  overrides: RunRequest["overrides"],
  reason: string,
): NextStep | null {
  if (request?.command !== "fit") return null;
  const all = { ...request.overrides, ...overrides };
  return { reason, command: `${printCommand({ ...request, overrides: all })} --again` };
}

const haveVerb = (names: readonly string[]) =>
  `${names.join(", ")} ${names.length === 1 ? "has" : "have"}`;

/** A step that keeps columns in the range of the data, with the ranges of the run. */
function rangingStep(
  request: RunRequest | null,
  { columns }: Pick<Datasets, "columns">,
  open: readonly string[],
): NextStep | null {
  return fitStep(
    request,
    { "data.range": rangeItems(columns?.names ?? [], columns?.limits ?? null, open) },
    `${haveVerb(open)} generated values outside the range of the data, by which a classifier tells them. Keep them inside`,
  );
}

/** A step that trains on a scale without far values; null if the run has this scale, or for other data. */
function rescalingStep(
  request: RunRequest | null,
  { columns }: Pick<Datasets, "columns">,
): NextStep | null {
  if (!columns || columns.transform.standardise === "robust") return null;
  return fitStep(
    request,
    { "data.standardise": "robust" },
    "A few far values hide the other rows. Train on a scale without them",
  );
}

/** A step that rounds columns of whole numbers whose generated values are not rounded; null if there are none, or for other commands. */
function roundingStep(
  request: RunRequest | null,
  { columns }: Pick<Datasets, "columns">,
): NextStep | null {
  if (!columns) return null;
  const { bounds, limits, names, categories } = columns;
  const levels = levelPlaces(names, categories);
  const isVarying = (k: number) => !levels.has(k) && bounds.all[k].max > bounds.all[k].min;
  const whole = names.filter((_, k) => bounds.whole[k] && isVarying(k));
  const open = names.filter((name, k) => whole.includes(name) && !limits?.whole[k]);
  if (open.length === 0) return null;
  return fitStep(
    request,
    { "data.integer": whole },
    `${haveVerb(open)} whole numbers, and a classifier tells generated rows by their decimals. Round them`,
  );
}

/** Commands that train a run for longer, or a network instead of a closed form, generate samples, and measure again. */
export function verdictCommands(folder: string, request: RunRequest | null) {
  const run = shellWord(folder);
  return {
    network: networkCommand(request),
    longer: longerCommand(request) ?? `npx dsbm extend ${run} +2`,
    sample: `npx dsbm sample ${run} NEW OUT`,
    measure: `npx dsbm evaluate ${run}`,
  };
}

/** A command of a closed form without its method; null for other methods. */
function networkCommand(request: RunRequest | null): string | null {
  if (!request) return null;
  const { method, ...overrides } = request.overrides;
  if (typeof method !== "string" || !factsNamed(method).closedForm) return null;
  return printCommand({ ...request, overrides });
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
