// The verdict on a direction of a bridge, as quality.json holds it. The rule is in @dsbm/evaluation.
import { z } from "zod";
import { realNumber, textOrNull } from "../files/json.js";

/** Grades from the best to the worst; `unmeasured` is only for directions. */
export const grades = ["good", "likely", "partial", "undecided", "poor", "unmeasured"] as const;

/**
 * The grade of a metric, of a column or of a direction: the only scale of quality. A verdict
 * is the finding on a direction, with its grade, its reason and its next step.
 */
export type Grade = (typeof grades)[number];

/** Grades in words. */
const gradeWords: Readonly<Record<Grade, string>> = {
  good: "good",
  likely: "probably good",
  partial: "most of the way",
  undecided: "cannot be judged",
  poor: "poor",
  unmeasured: "not measured",
};

/** A sign for each grade, so that colour never says it alone. */
const gradeSigns: Readonly<Record<Grade, string>> = {
  good: "✓",
  likely: "≈",
  partial: "◐",
  undecided: "?",
  poor: "✗",
  unmeasured: "–",
};

/** "✓ good": a grade in the report, the studio, players, the terminal and model cards. */
export const gradeText = (grade: Grade): string => `${gradeSigns[grade]} ${gradeWords[grade]}`;

const nextStep = z.object({
  /** What to do or why, without a full stop before the command. */
  reason: z.string(),
  /** The command that does it; null if no command does. */
  command: textOrNull,
});

/** The next step after a verdict: the `reason` and the `command`. */
export type NextStep = z.output<typeof nextStep>;

/** Earlier versions wrote a sentence that ends with its command. */
function earlierNextStep(sentence: string): NextStep | null {
  if (sentence === "") return null;
  const [, reason = "", command] = /^(?:(.*): )?(npx .*)$/s.exec(sentence) ?? [];
  return command === undefined ? { reason: sentence, command: null } : { reason, command };
}

/** The schema of a verdict in quality.json. */
export const verdictSchema = z.object({
  direction: z.enum(["f", "b"]),
  grade: z.enum(grades),
  n_held_out: z.tuple([realNumber, realNumber]),
  /** The finding, in sentences. */
  reason: z.string(),
  /** The name of the distance between generated and real samples that counts; missing in files of earlier versions. */
  main: z.string().optional().catch(undefined),
  /** The name of the metric that has the grade of the verdict; missing in files of earlier versions. */
  decided_by: z.string().optional().catch(undefined),
  /** Null if there is none, such as for samples without a run. */
  next: z.union([nextStep.nullable(), z.string().transform(earlierNextStep)]).catch(null),
});

/**
 * Whether a `direction` of a bridge may be trusted: its `grade` from `n_held_out` source and target
 * rows.
 */
export type Verdict = z.output<typeof verdictSchema>;

/** "Train for longer: npx dsbm extend RUN +2", or "" without a next step. */
export function nextStepText(next: NextStep | null): string {
  if (next?.command == null) return next?.reason ?? "";
  return next.reason === "" ? next.command : `${next.reason}: ${next.command}`;
}
