// Numbers of named rows, such as methods: one panel a column of a table, a dot a number, a rule for
// a value of all rows.
import { colorOf, composeFigure, type LegendEntry, logAxis, textWidth } from "@dsbm/runs";
import { drawPanel, loadPlot } from "@dsbm/runs/plot";

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

const rowHeight = 21;
/** The least width of a panel without the names of its rows. */
const leastPlot = 190;
/** The width of a figure of three narrow panels. */
const fullWidth = 1000;
/** Positive values whose ratio is above this are drawn on a logarithmic axis. */
const logarithmicRatio = 20;

/** The powers of ten from low to high, and their triples if there are fewer than two, so that labels do not overlap. */
function logTicks(low: number, high: number): number[] {
  const first = Math.floor(Math.log10(low));
  const length = Math.ceil(Math.log10(high)) - first + 1;
  const decades = Array.from({ length }, (_, i) => 10 ** (first + i));
  const inside = (ticks: number[]) => ticks.filter((tick) => tick >= low && tick <= high);
  const tens = inside(decades);
  return tens.length > 1 ? tens : inside(decades.flatMap((ten) => [ten, 3 * ten]));
}

/** Draws the figure and returns it as SVG text. */
export async function rowsFigure({ title, label, rows, panels }: RowsOptions): Promise<string> {
  const dots = new Set(panels.flatMap(({ points }) => points.map(({ series }) => series)));
  const dashes = new Set(panels.flatMap(({ rules }) => rules.map(({ series }) => series)));
  const domain = [...dots, ...dashes];
  const range = domain.map((_, i) => colorOf(i));
  const { dot, frame, ruleX, ruleY } = await loadPlot();
  const marginLeft = 16 + Math.max(...rows.map((row) => textWidth(row, 11)));
  const width = Math.max(330, marginLeft + leastPlot);
  const drawn = panels.map((panel) => {
    const values = [...panel.points, ...panel.rules].map(({ value }) => value);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const isLog = low > 0 && high > logarithmicRatio * low;
    const bars = panel.points.flatMap((point) => {
      const { value, spread } = point;
      // A bar that reaches below all values has no place on a logarithmic axis.
      const from = isLog ? Math.max(low, value - (spread ?? 0)) : value - (spread ?? 0);
      return spread ? [{ ...point, from, to: value + spread }] : [];
    });
    return drawPanel({
      width,
      height: 50 + rowHeight * rows.length,
      title: panel.title,
      marginTop: 8,
      marginRight: 18,
      marginBottom: 42,
      marginLeft,
      inset: 6,
      x: { ...(isLog && logAxis), ticks: isLog ? logTicks(low, high) : 4, label, labelOffset: 36 },
      y: { type: "point", domain: [...rows], label: null, grid: true },
      color: { domain, range },
      marks: [
        frame({ stroke: "#cccccc" }),
        ruleX(panel.rules, { x: "value", stroke: "series", strokeDasharray: "5,4" }),
        ruleY(bars, { y: "row", x1: "from", x2: "to", stroke: "series", strokeWidth: 1.6 }),
        dot(panel.points, { x: "value", y: "row", fill: "series", r: 4 }),
      ],
    });
  });
  const legend = domain.map((name, i): LegendEntry => {
    return { label: name, color: colorOf(i), symbol: dots.has(name) ? "dot" : "dashes" };
  });
  return composeFigure({
    title,
    panels: await Promise.all(drawn),
    columns: Math.max(1, Math.floor(fullWidth / width)),
    legend,
  });
}
