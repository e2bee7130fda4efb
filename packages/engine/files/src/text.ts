// Texts in columns, for terminals.

/** The width of a text: its code points. */
const widthOf = (text: string): number => [...text].length;

interface AlignOptions {
  /** Indexes of columns that end at the right (default: none). */
  right?: readonly number[];
  /** The largest width of each column; a longer text moves the rest of its line (default: any). */
  largest?: readonly number[];
}

/** Rows as lines of aligned columns, two spaces apart, without spaces at their ends. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  { right = [], largest = [] }: AlignOptions = {},
): string[] {
  const count = Math.max(0, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: count }, (_, k) => {
    const widest = Math.max(...rows.map((row) => widthOf(row[k] ?? "")));
    return Math.min(widest, largest[k] ?? widest);
  });
  return rows.map((row) => {
    const cells = row.map((text, k) => {
      const spaces = " ".repeat(Math.max(0, widths[k] - widthOf(text)));
      return right.includes(k) ? spaces + text : text + spaces;
    });
    return cells.join("  ").trimEnd();
  });
}
