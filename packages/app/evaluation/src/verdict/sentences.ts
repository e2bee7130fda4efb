// A verdict in sentences, for readers: no code reads them.
import { digits, percent } from "@dsbm/files";
import { type MetricRow, rowWords, shareOfWay, wayWords } from "@dsbm/runs";
import type { Evidence, VerdictFacts } from "./evidence.js";
import { judge, leastPower, uselessShare } from "./grade.js";

/** The user's names of the start and of the end of a direction. */
export const endNamesOf = (
  { direction }: Pick<Evidence, "direction">,
  { names: { source, target } }: Pick<VerdictFacts, "names">,
) => (direction === "f" ? { start: source, end: target } : { start: target, end: source });

/** Metrics that a verdict names, at most. */
const mostListed = 3;

/** Why a direction has its grade. */
export function reasonOf(evidence: Evidence, facts: VerdictFacts): string {
  const { grade, main, accuracy, others, deciding } = evidence;
  const { names, what, n_held_out, folds = 1 } = facts;
  // Others have a sentence of their own.
  const row = others.includes(deciding) ? main : deciding;
  const sentences = [findingOf(row, evidence, facts)];
  if (grade !== "undecided")
    sentences.push(
      `A classifier labels ${percent(accuracy.value)} of generated and held-out ${what} correctly (50 % is guessing).`,
    );
  if (others.length > 0 && grade !== "poor") {
    const list = others.map((one) => `${one.title} ${digits(one.value)}, ${rowWords(one)}`);
    const more = list.length - mostListed;
    const last = more > 0 ? `; and ${more} more` : "";
    sentences.push(`Not yet right: ${list.slice(0, mostListed).join("; ")}${last}.`);
  }
  if (evidence.blinded)
    sentences.push(
      `A few far values hide the difference from the ${evidence.blinded.title}, which does not decide here.`,
    );
  const how = folds > 1 ? `by ${folds}-fold cross-validation, ` : "";
  const counts = `${digits(n_held_out[0])} held-out ${what} of ${names.source} and ${digits(n_held_out[1])} of ${names.target}`;
  sentences.push(`Judged ${how}with ${counts}.`);
  return sentences.join(" ");
}

const withoutCapital = (text: string) => `${text[0]?.toLowerCase()}${text.slice(1)}`;

/** What the deciding row says. */
function findingOf(row: MetricRow, evidence: Evidence, facts: VerdictFacts): string {
  const { role, title, value, excess } = row;
  const { what } = facts;
  const { start, end } = endNamesOf(evidence, facts);
  if (!excess || !Number.isFinite(value))
    return "The generated samples are not finite numbers: the bridge cannot be used in this direction.";
  const { low, high, power } = excess;
  const who =
    { classifier: "To a classifier, the", alternative: `By the ${title}, the` }[role as string] ??
    "The";
  const span = ` from ${start} to ${end}`;
  const way = `${who} generated ${what} are ${wayWords(excess, span)}.`;
  const clause = withoutCapital(way);
  if (evidence.grade === "likely")
    return `Too few ${what} to be sure: ${withoutCapital(who)} generated ${what} are at least ${shareOfWay(high, span)}.`;
  if (evidence.grade === "partial" && judge(row).grade !== "partial")
    return `By ${row.title} at most ${percent(high)} of the distance${span} is left, but other metrics are off.`;
  if (evidence.grade === "good")
    return `${who} generated ${what} are as close to ${end} as other ${what} of ${end}: at most ${percent(high)} of the distance from ${start} is left.`;
  if (evidence.grade === "undecided")
    return power < leastPower
      ? `Too few ${what} to decide: even ${start} itself can hardly be told from ${end} (power ${digits(power, 2)}, needed ${leastPower}).`
      : `Too few ${what} to decide: ${clause}`;
  if (low >= uselessShare)
    return `${who} generated ${what} are no closer to ${end} than ${start} is.`;
  return way;
}
