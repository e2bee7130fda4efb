import type { Choice } from "@dsbm/runs";

/** An option that `fit` chooses from the data, with its reason. */
export type Rule = Omit<Choice, "given">;

/** Makes a rule. */
export const rule = (key: string, value: Rule["value"], reason: string): Rule => ({
  key,
  value,
  reason,
});

/** A rule that plans the run and is not printed. */
export const internalRule = (...words: Parameters<typeof rule>): Rule => ({
  ...rule(...words),
  organising: true,
});

/** Rounds to two digits. */
export const twoDigits = (x: number): number => Number(x.toPrecision(2));
