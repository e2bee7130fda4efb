// All checks of all methods, one after the other.
import { join } from "node:path";
import type { MethodFacts } from "@dsbm/bridge/facts";
import { describeError } from "@dsbm/config";
import type { Progress } from "@dsbm/runs";
import { type Check, factsOfSize } from "./check.js";
import { keptValue } from "./kept.js";
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

/** The same, read from its file if it was measured before. */
async function keptOutcome(
  check: Check,
  method: CheckedMethod,
  run: CheckRun & { signal: AbortSignal },
): Promise<CheckOutcome> {
  if (check.skips?.(method)) return outcomeOf(check, method, run);
  const size = sizeOf(check, run.size);
  const path = join(placeOf(method, run.folder), "outcomes", `${check.name}.json`);
  const facts = { ...factsOfSize(method, size), size };
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

/** Runs all checks of a size in the order of methods. A signal ends it after the current check. */
export async function allOutcomes(
  factsOf: (name: string) => MethodFacts,
  run: CheckRun & {
    progress: Progress;
    signal: AbortSignal;
    methods: readonly string[] | null;
  },
): Promise<CheckOutcome[]> {
  const all = checkedMethods(factsOf).filter(
    ({ name, facts }) =>
      !run.methods || [name, facts.name].some((one) => run.methods?.includes(one)),
  );
  const checks = allChecks.filter(({ isFullOnly }) => run.size === "full" || !isFullOnly);
  const outcomes: CheckOutcome[] = [];
  for (const [i, method] of all.entries())
    for (const check of checks) {
      if (run.signal.aborted) return outcomes;
      run.progress.update({
        label: `${method.name}: ${check.name}`,
        step: i,
        steps: all.length,
      });
      try {
        outcomes.push(await keptOutcome(check, method, run));
      } catch (error) {
        if (!run.signal.aborted) throw error;
      }
    }
  return outcomes;
}
