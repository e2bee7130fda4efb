// Grades in the terminal: sign, words and colour.
import { type Grade, gradeText } from "@dsbm/runs";

/** Codes of colours of the terminal: green, yellow, red and grey. */
const gradeColours: Readonly<Record<Grade, number>> = {
  good: 32,
  likely: 32,
  partial: 33,
  undecided: 90,
  poor: 31,
  unmeasured: 90,
};

/** "✓ good", coloured if a person reads it and NO_COLOR is not set. */
export function terminalGrade(grade: Grade): string {
  const text = gradeText(grade);
  if (!process.stdout.isTTY || process.env.NO_COLOR) return text;
  return `\u001b[${gradeColours[grade]}m${text}\u001b[39m`;
}
