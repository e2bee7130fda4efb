// Parts of figures, without types of Plot, which users need not install.

/** A drawn panel for composeFigure. */
export interface Panel {
  /** An <svg> element with its size, without a namespace. */
  svg: string;
  width: number;
  height: number;
  title: string | undefined;
}

export const sampleColors = {
  source: "#e69f00",
  target: "#009e73",
  generated: "#0072b2",
} as const;

/** A line of a legend. */
export interface LegendEntry {
  /** Text next to the symbol. */
  label: string;
  /** A CSS colour. */
  color: string;
  /** "line" has a dot, "dashes" is a rule or a floor, "dot" a point (default "line"). */
  symbol?: "line" | "dashes" | "dot";
}

/** `count` evenly spaced indexes of 0 … size − 1, first and last included. */
export function pickIndexes(size: number, count: number): number[] {
  const last = Math.max(1, Math.min(count, size) - 1);
  const picked = Array.from({ length: last + 1 }, (_, i) => Math.round((i * (size - 1)) / last));
  return [...new Set(picked)];
}
