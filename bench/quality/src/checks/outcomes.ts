// All checks of all methods, one after the other.
import { join } from "node:path";
import type { MethodFacts } from "@dsbm/bridge/facts";
import { describeError } from "@dsbm/config";
import type { Progress } from "@dsbm/runs";
import { type Check, factsOfSize } from "./check.js";
import { keptValue, readKept } from "./kept.js";
import { lawChecks } from "./laws.js";
import { type CheckedMethod, checkedMethods, type Size } from "./methods.js";
import { learntChecks, propertyChecks } from "./properties.js";
import type { CommandLine } from "./runs.js";

/** All checks in the order of the page. */
export const allChecks: readonly Check[] = [...lawChecks, ...learntChecks, ...propertyChecks];

/** What a check of a method found. */
export interface CheckOutcome {
  check: Check;
  method: CheckedMethod;
  /** How far it is off; null: refused, failed, or it does not apply. */
  value: number | null;
  /** Why there is no value. */
  reason: string | null;
  holds: boolean;
}

interface CheckRun {
  size: Size;
  /** A folder for all runs. */
  folder: string;
  line: CommandLine;
}

/** A measured value, or the error that came instead. */
interface Finding {
  value: number | null;
  error: string | null;
}

/** Runs a check of a method. Errors become outcomes. */
export async function outcomeOf(
  check: Check,
  method: CheckedMethod,
  run: CheckRun,
): Promise<CheckOutcome> {
  const reason = check.skips?.(method) ?? null;
  if (reason !== null) return { check, method, value: null, reason, holds: true };
  return judge(check, method, await measure(check, method, run));
}

/** The same, read from its file if it was measured before. Returns null if it was not and nothing is trained. */
async function keptOutcome(
  check: Check,
  method: CheckedMethod,
  run: CheckRun & { signal: AbortSignal; train: boolean },
): Promise<CheckOutcome | null> {
  if (check.skips?.(method)) return outcomeOf(check, method, run);
  const size = sizeOf(check, run.size);
  const path = join(placeOf(method, run.folder), "outcomes", `${check.name}.json`);
  const facts = { ...factsOfSize(method, size), size };
  if (!run.train) {
    const kept = readKept<Finding>(path, facts);
    return kept && judge(check, method, kept);
  }
  const found = await keptValue(path, facts, async () => {
    const finding = await measure(check, method, run);
    // A stopped command line is no finding.
    if (finding.error !== null) run.signal.throwIfAborted();
    return finding;
  });
  return judge(check, method, found);
}

/** Properties hold for every training. */
const sizeOf = ({ isFullOnly }: Check, size: Size): Size => (isFullOnly ? size : "small");

const placeOf = ({ name }: CheckedMethod, folder: string): string =>
  join(folder, name.replaceAll(/\W+/g, "_"));

async function measure(
  check: Check,
  method: CheckedMethod,
  { size, folder, line }: CheckRun,
): Promise<Finding> {
  const place = placeOf(method, folder);
  const ownFolder = check.isFullOnly ? place : join(place, "small");
  try {
    const context = { method, size: sizeOf(check, size), folder: ownFolder, line };
    return { value: await check.measure(context), error: null };
  } catch (error) {
    return { value: null, error: describeError(error) };
  }
}

function judge(check: Check, method: CheckedMethod, { value, error }: Finding): CheckOutcome {
  if (value !== null)
    return { check, method, value, reason: null, holds: value <= check.limit(method) };
  const [reason = "", ...more] = (error ?? "").split("\n");
  const isLine = more.length === 0 && /: /.test(reason);
  return { check, method, value, reason, holds: (check.mayRefuse ?? false) && isLine };
}

/** Checks of a size, as far as they were measured. */
export interface MeasuredChecks {
  outcomes: CheckOutcome[];
  /** How many there are in all. */
  count: number;
}

/**
 * Runs the checks of a size one after the other, each for all methods. A signal ends it after the current check. Without `train`
 * it reads what was measured before.
 */
export async function measuredChecks(
  factsOf: (name: string) => MethodFacts,
  run: CheckRun & {
    progress: Progress;
    signal: AbortSignal;
    methods: readonly string[] | null;
    train: boolean;
  },
): Promise<MeasuredChecks> {
  const methods = checkedMethods(factsOf).filter(
    ({ name, facts }) =>
      !run.methods || [name, facts.name].some((one) => run.methods?.includes(one)),
  );
  const pairs = allChecks
    .filter(({ isFullOnly }) => run.size === "full" || !isFullOnly)
    .flatMap((check) => methods.map((method) => ({ check, method })));
  const outcomes: CheckOutcome[] = [];
  for (const [step, { check, method }] of pairs.entries()) {
    if (run.signal.aborted) break;
    run.progress.update({ label: `${check.name}: ${method.name}`, step, steps: pairs.length });
    try {
      const outcome = await keptOutcome(check, method, run);
      if (outcome) outcomes.push(outcome);
    } catch (error) {
      if (!run.signal.aborted) throw error;
    }
  }
  return { outcomes, count: pairs.length };
}
