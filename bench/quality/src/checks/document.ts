// The page of the checks of methods.
import { type Check, lawLimits } from "./check.js";
import { lawChecks } from "./laws.js";
import { sigmaShare } from "./methods.js";
import type { CheckOutcome, MeasuredChecks } from "./outcomes.js";
import { learntChecks, propertyChecks } from "./properties.js";

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

/** A list of reasons with their methods. */
function reasonsOf(outcomes: readonly CheckOutcome[]): string {
  const names = new Map<string, string[]>();
  for (const { reason, method, check } of outcomes) {
    if (reason === null) continue;
    // Folders are of this machine.
    const text = `${check.name}: ${reason.replaceAll(/\S*\/(?=\w+\.csv)/g, "")}`;
    names.set(text, [...(names.get(text) ?? []), `\`${method.name}\``]);
  }
  const lines = [...names].map(([text, methods]) => `- ${text} (${methods.join(", ")})`);
  return lines.join("\n") || "None.";
}

/** The page of the checks. */
export function checksDocument({ outcomes, count }: MeasuredChecks, command: string): string {
  const wrong = outcomes.filter(({ holds }) => !holds);
  const missing =
    outcomes.length < count
      ? ` ${outcomes.length} of ${count} checks are measured; the cells of the others are empty.`
      : "";
  const meaning = (checks: readonly Check[]) =>
    checks.map(({ name, meaning }) => `- **${name}**: ${meaning}`).join("\n");
  return `# Checks of every method

\`${command}\` trains every method between two Gaussians in the plane whose bridge is known, and writes this page. σ is ${sigmaShare} of the
spread: so much noise shows wrong pairs and wrong steps. ${wrong.length === 0 ? "All measured checks hold." : `**${wrong.length} of ${outcomes.length} checks fail.**`} A check that fails is bold.${missing}

![Differences from the law by method, next to their limits](checks.svg)

## The law

A method learns the Schrödinger bridge, optimal transport, or the pairs that \`ot_sampler\` gives. Its means, variances and covariances
follow from its facts. Each value is the worst of both axes and both directions, of 8,000 samples.

- The limit of closed forms and mixtures is ${lawLimits.samples}: a variance of 8,000 samples has a standard error of 0.016.
- The limit of networks is ${lawLimits.network}. They have two layers of 64 and 1,000 to 4,000 steps: longer trainings come closer.
- \`wfr\` and \`wfr_bridge\` take \`delta=4\`, four times the spread. Without it, masses of 1 and 1 are explained by growth instead of movement, and
  the run warns that growth is not identified.
- DSB, in both forms, takes four iterations of 1,000 steps. More of both, and features of the time, do not reach the law, either ([log](../log.md)).
- DSBM, α-DSBM, [SF]²M and \`wfr_bridge\` take \`model.time_frequencies=4\`: a network that sees t alone learns the drift near the end slowly.

${meaning([...lawChecks, ...learntChecks])}

${tableOf([...lawChecks, ...learntChecks], outcomes)}

## Properties

These hold for every training, of 20 steps too, and are part of \`npm test\`.

${meaning(propertyChecks)}

${tableOf(propertyChecks, outcomes)}

## Without a value

${reasonsOf(outcomes)}
`;
}
