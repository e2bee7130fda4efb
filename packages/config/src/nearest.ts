// Why: most unknown keys are slips of the finger; naming the key that was meant saves a look-up.

/**
 * Damerau–Levenshtein distance: the fewest insertions, deletions, replacements and swaps of
 * neighbours that turn `a` into `b`. A metric (the unrestricted form; Damerau 1964).
 */
export function distance(a: string, b: string): number {
  const far = a.length + b.length;
  const width = b.length + 2;
  // d[(i + 1) * width + j + 1] is the distance of a[0, i) and b[0, j); row and column 0 are a fence.
  const d = new Array<number>((a.length + 2) * width).fill(far);
  for (let i = 0; i <= a.length; i++) d[(i + 1) * width + 1] = i;
  for (let j = 0; j <= b.length; j++) d[width + j + 1] = j;
  const lastRow = new Map<string, number>(); // where each letter last stood in a
  for (let i = 1; i <= a.length; i++) {
    let lastColumn = 0; // where a[i - 1] last stood in b
    for (let j = 1; j <= b.length; j++) {
      const row = lastRow.get(b[j - 1] as string) ?? 0;
      const column = lastColumn;
      const same = a[i - 1] === b[j - 1];
      if (same) lastColumn = j;
      d[(i + 1) * width + j + 1] = Math.min(
        (d[i * width + j] as number) + (same ? 0 : 1),
        (d[(i + 1) * width + j] as number) + 1,
        (d[i * width + j + 1] as number) + 1,
        (d[row * width + column] as number) + (i - row - 1) + 1 + (j - column - 1),
      );
    }
    lastRow.set(a[i - 1] as string, i);
  }
  return d[(a.length + 1) * width + b.length + 1] as number;
}

/**
 * The candidate that `word` was most likely meant to be (case does not count), or undefined when
 * none is near: one slip for up to three letters, two for up to six, three beyond.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = word.length <= 3 ? 1 : word.length <= 6 ? 2 : 3;
  const lower = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    // Lengths that differ too much cannot be near; this also keeps hostile input cheap.
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const d = distance(lower, candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  return best;
}

/** The end of an "unknown …" message: the nearest name, or else the names there are. */
export function suggestion(word: string, candidates: readonly string[], otherwise = ""): string {
  const near = nearest(word, candidates);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  if (otherwise !== "") return otherwise;
  return candidates.length > 0 ? `there are: ${candidates.join(", ")}` : "there are none";
}
