/** See kills.mjs. */
export function killsLine(
  result: { made: Record<string, number>; before: number; wrong: readonly string[] },
  number: number,
): string;
