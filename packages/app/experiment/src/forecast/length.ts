import { firstOf } from "@dsbm/files";

export interface Length {
  halves: number;
  stepsOf(half: number): number;
}

/** "4 half-iterations: 2 of 600 steps, 2 of 200; 1,600 steps in all". */
export function lengthText({ halves, stepsOf }: Length): string {
  const groups: { n: number; steps: number }[] = [];
  for (let half = 1; half <= halves; half++) {
    const steps = stepsOf(half);
    const last = groups.at(-1);
    if (last?.steps === steps) last.n++;
    else groups.push({ n: 1, steps });
  }
  const total = groups.reduce((sum, { n, steps }) => sum + n * steps, 0);
  const text = (n: number) => n.toLocaleString("en-US");
  const parts = groups.map(({ n, steps }) => `${n} of ${text(steps)} steps`);
  return `${text(halves)} half-iterations: ${firstOf(parts, 4)}; ${text(total)} steps in all`;
}
