// What figures are composed of; types without those of the library that draws, which programs of users need not have.

/** A drawn panel, to be placed by composeFigure. */
export interface Panel {
  /** An <svg> element with its size, without a namespace. */
  svg: string;
  width: number;
  height: number;
  /** A line above the panel. */
  title: string | undefined;
}

export interface LegendEntry {
  label: string;
  color: string;
  /** "line" has a dot on it, "dashes" is a rule or a floor, "dot" a point (default "line"). */
  symbol?: "line" | "dashes" | "dot";
}
