function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] as number;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : replaced;
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replaced, swapped));
    }
  }
  return at(a.length, b.length);
}

/**
 * Returns the candidate closest to `word`, ignoring case and . _ -: one edit for up to three
 * letters, two for up to six, three beyond; else undefined.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const limit = word.length <= 3 ? 1 : word.length <= 6 ? 2 : 3;
  const plain = (text: string) => text.toLowerCase().replace(/[._-]/g, "");
  const own = plain(word);
  // Comparing lengths first keeps hostile input cheap.
  const near = [...candidates]
    .filter(({ length }) => Math.abs(length - word.length) <= limit)
    .map((candidate) => ({ candidate, edits: distance(own, plain(candidate)) }))
    .filter(({ edits }) => edits <= limit);
  // Swapped letters are likelier than a missing letter.
  const byLength = ({ candidate }: { candidate: string }) =>
    Math.abs(candidate.length - word.length);
  return near.sort((a, b) => a.edits - b.edits || byLength(a) - byLength(b))[0]?.candidate;
}
