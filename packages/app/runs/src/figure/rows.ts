// Numbers of named rows, such as methods: one panel a column of a table, a dot a number, a rule where a value holds for all.
import { refuse } from "../errors.js";
import { extent, valueAxis } from "./axis.js";
import type { LegendEntry, Panel } from "./panel.js";
import { colorOf, composeFigure, drawPanel, faintInk, loadPlot, textWidth } from "./svg.js";

export interface RowPoint {
  row: string;
  /** Whose number it is, in the legend. */
  series: string;
  value: number;
  /** Half the length of the bar around it. */
  spread?: number | null;
}

export interface RowsPanel {
  title: string;
  points: readonly RowPoint[];
  /** Vertical rules, with names for the legend. */
  rules: readonly { series: string; value: number }[];
}

export interface RowsOptions {
  title: string;
  /** What the numbers are. */
  label: string;
  /** All rows, from above. */
  rows: readonly string[];
  panels: readonly RowsPanel[];
}

const width = 330;
const rowHeight = 21;
/** Values whose ratio is above this are drawn on a logarithmic axis. */
const wide = 20;
const margins = { marginTop: 8, marginRight: 18, marginBottom: 42 };

/**
 * Draws the figure and returns it as SVG text. The axis of a panel is logarithmic where its values are positive and far
 * apart. Throws RunError "bad_argument" without rows, or for a panel without a finite value.
 */
export async function rowsFigure({ title, label, rows, panels }: RowsOptions): Promise<string> {
  const valuesOf = ({ points, rules }: RowsPanel) => [...points, ...rules].map((p) => p.value);
  refuse("a figure of rows", [
    [rows.length * panels.length === 0, `${rows.length} rows and ${panels.length} panels`],
    ...panels.map((panel): [boolean, string] => [
      panel.points.length === 0 || valuesOf(panel).some((value) => !Number.isFinite(value)),
      `the panel "${panel.title}" without a point, or with values that are not finite`,
    ]),
  ]);
  const names = <T extends { series: string }>(of: readonly T[]) => [
    ...new Set(of.map(({ series }) => series)),
  ];
  const dots = names(panels.flatMap(({ points }) => points));
  const dashes = names(panels.flatMap(({ rules }) => rules));
  const colors = new Map(
    [...dots, ...dashes].map((name, i) => [name, i < dots.length + 3 ? colorOf(i) : faintInk]),
  );
  const { dot, frame, ruleX, ruleY } = await loadPlot();
  const drawn = panels.map((panel): Promise<Panel> => {
    const values = valuesOf(panel);
    const [low, high] = extent(values);
    const color = ({ series }: { series: string }) => colors.get(series) as string;
    const bars = panel.points.flatMap((point) => {
      const { value, spread } = point;
      // A bar that reaches below all values has no place on a logarithmic axis.
      return spread ? [{ ...point, from: Math.max(low, value - spread), to: value + spread }] : [];
    });
    const isLog = low > 0 && high > wide * low;
    const shown = [...values, ...bars.flatMap(({ from, to }) => [from, to])];
    return drawPanel({
      ...{ ...margins, width, title: panel.title },
      marginLeft: 16 + Math.max(...rows.map((row) => textWidth(row, 11))),
      height: margins.marginTop + margins.marginBottom + rowHeight * rows.length,
      x: {
        ...valueAxis(shown, isLog ? "log" : "linear"),
        // Labels of two decimals stand side by side.
        ...(!isLog && { ticks: 4 }),
        ...{ label, labelAnchor: "center", labelOffset: 36, labelArrow: "none" },
      },
      y: { type: "point", domain: [...rows], label: null, grid: true },
      marks: [
        frame({ stroke: "#cccccc" }),
        ruleX(panel.rules, { x: "value", stroke: color, strokeDasharray: "5,4" }),
        ruleY(bars, { y: "row", x1: "from", x2: "to", stroke: color, strokeWidth: 1.6 }),
        dot(panel.points, { x: "value", y: "row", fill: color, r: 4 }),
      ],
    });
  });
  const entry = (symbol: "dot" | "dashes") => (name: string) =>
    ({ label: name, color: colors.get(name), symbol }) as LegendEntry;
  return composeFigure({
    ...{ title, panels: await Promise.all(drawn), columns: 3 },
    legend: [...dots.map(entry("dot")), ...dashes.map(entry("dashes"))],
  });
}
