// All checks of all methods, one after the other, and their page.
import { join } from "node:path";
import type { MethodFacts } from "@dsbm/bridge/facts";
import { describeError } from "@dsbm/config";
import type { Progress } from "@dsbm/runs";
import type { Check } from "./check.js";
import { lawChecks } from "./laws.js";
import { type CheckedMethod, checkedMethods, type Size, sigmaShare } from "./methods.js";
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

/** Runs a check of a method. Errors become outcomes. */
export async function outcomeOf(
  check: Check,
  method: CheckedMethod,
  { size, folder, line }: CheckRun,
): Promise<CheckOutcome> {
  const place = join(folder, method.name.replaceAll(/\W+/g, "_"));
  const skipped = check.skips?.(method) ?? null;
  const without = (reason: string, holds: boolean) => ({
    ...{ check, method, reason, holds },
    value: null,
  });
  if (skipped !== null) return without(skipped, true);
  try {
    const value = await check.measure({
      method,
      // Properties hold for every training.
      size: check.isFullOnly ? size : "small",
      folder: check.isFullOnly ? place : join(place, "small"),
      line,
    });
    return { check, method, value, reason: null, holds: value <= check.limit(method) };
  } catch (error) {
    const [first = "", ...more] = describeError(error).split("\n");
    const isLine = more.length === 0 && /: /.test(first);
    return without(first, (check.mayRefuse ?? false) && isLine);
  }
}

/** Runs all checks of a size, in the order of methods. */
export async function allOutcomes(
  factsOf: (name: string) => MethodFacts,
  run: CheckRun & { progress: Progress; methods: readonly string[] | null },
): Promise<CheckOutcome[]> {
  const all = checkedMethods(factsOf).filter(
    ({ name, facts }) =>
      !run.methods || [name, facts.name].some((one) => run.methods?.includes(one)),
  );
  const checks = allChecks.filter(({ isFullOnly }) => run.size === "full" || !isFullOnly);
  const outcomes: CheckOutcome[] = [];
  for (const [i, method] of all.entries())
    for (const check of checks) {
      run.progress.update({
        label: `${method.name}: ${check.name}`,
        step: i,
        steps: all.length,
      });
      outcomes.push(await outcomeOf(check, method, run));
    }
  return outcomes;
}

const cellOf = ({ value, holds, reason }: CheckOutcome): string => {
  const text =
    value === null ? (reason === null ? "" : "–") : value === 0 ? "0" : value.toPrecision(2);
  return holds ? text : `**${value === null ? "fails" : text}**`;
};

const tableOf = (checks: readonly Check[], outcomes: readonly CheckOutcome[]): string => {
  const methods = [...new Set(outcomes.map(({ method }) => method))];
  const shown = checks.filter((check) => outcomes.some((one) => one.check === check));
  const rows = methods.map((method) => [
    `\`${method.name}\``,
    ...shown.map((check) => {
      const found = outcomes.find((one) => one.check === check && one.method === method);
      return found ? cellOf(found) : "";
    }),
  ]);
  const head = ["method", ...shown.map(({ name }) => name)];
  return [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
};

/** The page of the checks. */
export function checksDocument(outcomes: readonly CheckOutcome[], command: string): string {
  const wrong = outcomes.filter(({ holds }) => !holds);
  const reasons = new Map<string, string[]>();
  for (const { reason, method, check } of outcomes)
    if (reason !== null)
      reasons.set(`${check.name}: ${reason.replaceAll(/\S*\/(?=\w+\.csv)/g, "")}`, [
        ...(reasons.get(`${check.name}: ${reason.replaceAll(/\S*\/(?=\w+\.csv)/g, "")}`) ?? []),
        `\`${method.name}\``,
      ]);
  const meaning = (checks: readonly Check[]) =>
    checks.map(({ name, meaning }) => `- **${name}**: ${meaning}`).join("\n");
  return `# Checks of every method

\`${command}\` trains every method between two Gaussians in the plane whose bridge is known, and writes this page. σ is ${sigmaShare} of the
spread: so much noise shows wrong pairs and wrong steps. ${wrong.length === 0 ? "All checks hold." : `**${wrong.length} of ${outcomes.length} checks fail.**`} A check that fails is bold.

## The law

A method learns the Schrödinger bridge, optimal transport, or the pairs that \`ot_sampler\` gives. Its means, variances and covariances
follow from its facts. Limits: ${lawLimits()}.

${meaning([...lawChecks, ...learntChecks])}

${tableOf([...lawChecks, ...learntChecks], outcomes)}

## Properties

These hold for every training, of 20 steps too, and are part of \`npm test\`.

${meaning(propertyChecks)}

${tableOf(propertyChecks, outcomes)}

## Without a value

${[...reasons].map(([reason, names]) => `- ${reason} (${names.join(", ")})`).join("\n") || "None."}
`;
}

const lawLimits = (): string =>
  "0.04 for closed forms and mixtures, 0.1 for networks, 0.15 for iterations of simulated pairs";
