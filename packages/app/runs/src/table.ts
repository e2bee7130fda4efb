import type { Cell } from "./files/csv.js";

const digits = 4;

/**
 * Rows as aligned text: numbers to the right, text to the left, "–" for null. No line end after the
 * last row.
 */
export function formatTable(rows: readonly Readonly<Record<string, Cell | undefined>>[]): string {
  const formatted = Object.keys(rows[0] ?? {}).map((column) => {
    const cells = rows.map((row) => row[column] ?? null);
    const right = cells.every((cell) => typeof cell !== "string");
    const texts = [column, ...formatCells(cells)];
    const width = Math.max(...texts.map((text) => widthOf(text)));
    const pad = (text: string) => " ".repeat(width - widthOf(text));
    return texts
      .map((text) => (right ? pad(text) + text : text + pad(text)))
      .toSpliced(1, 0, "─".repeat(width));
  });
  const lines = Array.from({ length: rows.length + 2 }, (_, i) =>
    formatted
      .map((column) => column[i])
      .join("  ")
      .trimEnd(),
  );
  return lines.join("\n");
}

/** A number with 4 digits after the point; very small and very large numbers in powers of ten. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 0.5 * 10 ** -digits)) return value.toExponential(2);
  return value.toFixed(digits);
}

function formatCells(cells: readonly Cell[]): string[] {
  const whole = cells.every((cell) => typeof cell !== "number" || Number.isSafeInteger(cell));
  return cells.map((cell) => {
    if (cell === null) return "–";
    if (typeof cell === "string") return cell.replace(/\s+/g, " ");
    return whole ? String(cell) : formatNumber(cell);
  });
}

function widthOf(text: string): number {
  return [...text].length;
}
