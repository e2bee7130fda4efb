function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j];
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
 * Returns the candidate closest to `name`, ignoring case and . _ -: one edit for up to three
 * letters, two for up to six, three beyond; else undefined.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.min(3, Math.ceil(name.length / 3));
  const plain = (text: string) => text.toLowerCase().replace(/[._-]/g, "");
  // Comparing lengths first keeps hostile input cheap. Swapped letters are likelier than a missing letter.
  return [...candidates]
    .map((candidate) => ({ candidate, longer: Math.abs(candidate.length - name.length) }))
    .filter(({ longer }) => longer <= limit)
    .map((one) => ({ ...one, edits: distance(plain(name), plain(one.candidate)) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits || a.longer - b.longer)[0]?.candidate;
}

/** The first names, and "…" if there are more than `most`. */
export const firstOf = (names: readonly string[], most: number): string =>
  names.slice(0, most).join(", ") + (names.length > most ? ", …" : "");
