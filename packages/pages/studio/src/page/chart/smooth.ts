// Smoothing of curves: an exponential average without the bias of its start, begun anew where a curve is interrupted.

/** `weight` from 0 (none) to below 1: how much of the average before is kept. */
export function smooth(
  values: readonly (number | null)[],
  weight: number,
  startsAt: (i: number) => boolean = () => false,
): (number | null)[] {
  let average = 0;
  let share = 1;
  return values.map((value, i) => {
    if (startsAt(i)) {
      average = 0;
      share = 1;
    }
    if (value === null) return null;
    average = weight * average + (1 - weight) * value;
    share *= weight;
    return average / (1 - share);
  });
}
