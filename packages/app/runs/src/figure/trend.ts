// Curves of any metric: over half-iterations (evaluations), or over the training steps of all
// half-iterations (the loss). One panel a metric, one line a series.
import { refuse } from "../errors.js";
import { extent, niceTicks, stepTick, valueAxis } from "./axis.js";
import { drawLines, drawNothing, type Line, type Point } from "./lines.js";
import type { LegendEntry, Panel } from "./panel.js";
import { type Sample, smooth } from "./smooth.js";
import { colorOf, composeFigure, faintInk, textWidth } from "./svg.js";

type TrendRow = Readonly<Record<string, unknown>>;

/** One panel: a column of the rows and how to draw it. */
export interface TrendPanel {
  /** The column, e.g. "mean". */
  metric: string;
  /** The column of its standard deviation: a band of one standard deviation on either side. */
  spread?: string;
  title?: string;
  /** Label of the vertical axis, with the unit where there is one (default: the name of the column). */
  label?: string;
  /** The column with the value of a perfect sampler: a dashed line for each series. */
  floor?: string;
  /** Default "linear". Values that are not positive are left out on a logarithmic axis. */
  scale?: "linear" | "log";
}

export interface TrendOptions {
  /** Rows with half_iteration; those of several runs can be put together. */
  rows: readonly TrendRow[];
  panels: readonly TrendPanel[];
  title?: string;
  /** The name of the line that a row belongs to (default: its direction). */
  series?: (row: TrendRow) => string;
  /** Horizontal axis: "half_iteration" (default), or "step": the steps of all half-iterations, one after the other. */
  x?: "half_iteration" | "step";
  /** What the floors are, in the legend (default "floor of a perfect sampler"). */
  floorLabel?: string;
  /** Of a panel in pixels (default: 860 × 300 over steps, 420 × 264 over half-iterations). */
  size?: { width: number; height: number };
}

const alarm = "#b30000";
/** Over steps, lines and bands cover this share of the steps of a half-iteration. */
const smoothedShare = 0.05;
/** Bins of a line, and of all lines of a panel together. */
const binsPerHalf = 200;
const binsPerPanel = 4000;
const directions: Record<string, string> = { f: "forward (f)", b: "backward (b)" };

/**
 * Draws the figure and returns it as SVG text. Values that are not numbers are left out, NaN and infinities are
 * marked by a red rule, and each half-iteration of one direction is marked by its letter. Throws RunError
 * "bad_argument" without rows or panels.
 */
export async function trendFigure(options: TrendOptions): Promise<string> {
  const { title = "Convergence", x } = options;
  const { panels, legend } = await trendPanels(options);
  const columns = x === "step" ? 1 : Math.min(2, panels.length);
  return composeFigure({ title, panels, columns, legend });
}

/** The panels of that figure, each by itself, and their legend. Throws as trendFigure. */
export async function trendPanels(
  options: TrendOptions,
): Promise<{ panels: Panel[]; legend: LegendEntry[] }> {
  const { rows, panels, series = seriesName, x = "half_iteration" } = options;
  const { floorLabel = "floor of a perfect sampler" } = options;
  const { size = x === "step" ? { width: 860, height: 300 } : { width: 420, height: 264 } } =
    options;
  const halves = halvesOf(rows, x);
  const wanted = x === "step" ? "half_iteration and step" : x;
  const some = `${rows.length} rows, ${halves.length > 0 ? "" : `none with ${wanted}, `}`;
  refuse("a trend figure", [
    [
      halves.length === 0 || panels.length === 0,
      `${some}and ${panels.length} panels, expected at least one of each`,
    ],
  ]);
  const names = [...new Set(rows.map(series))];
  names.sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  const scene = { rows, series, names, x, halves, size };
  const drawn = await Promise.all(panels.map((panel) => drawTrend(panel, scene)));
  const dashes: [boolean, LegendEntry][] = [
    [drawn.some(({ hasFloor }) => hasFloor), { label: floorLabel, color: faintInk }],
    [drawn.some(({ lost }) => lost), { label: "not finite", color: alarm }],
  ];
  const legend = [
    ...names.map((label): LegendEntry => ({ label, color: colorIn(names, label) })),
    ...dashes.flatMap(([shown, entry]) => (shown ? { ...entry, symbol: "dashes" as const } : [])),
  ];
  return { panels: drawn.map(({ panel }) => panel), legend };
}

/** The colour of a series: of those that begin with a direction one that no series of the other has, in any figure. */
function colorIn(names: readonly string[], name: string): string {
  const way = Object.values(directions).findIndex((start) => name.startsWith(start));
  if (way < 0) return colorOf(names.indexOf(name));
  const same = names.filter((other) => other.startsWith(Object.values(directions)[way] as string));
  return colorOf(2 * same.indexOf(name) + 1 - way);
}

/** A half-iteration on the horizontal axis. */
interface Half {
  n: number;
  /** "f" or "b" where all rows say the same. */
  direction: string | undefined;
  /** Where it begins and ends, over steps. */
  start: number;
  end: number;
}

interface Scene extends Required<Pick<TrendOptions, "rows" | "series" | "x" | "size">> {
  names: readonly string[];
  halves: readonly Half[];
}

const seriesName = ({ direction }: TrendRow): string => directions[String(direction)] ?? "run";

function halvesOf(rows: readonly TrendRow[], x: Scene["x"]): Half[] {
  const groups = new Map<number, TrendRow[]>();
  for (const row of rows) {
    const n = row.half_iteration;
    if (typeof n !== "number" || (x === "step" && typeof row.step !== "number")) continue;
    const group = groups.get(n);
    if (group === undefined) groups.set(n, [row]);
    else group.push(row);
  }
  let start = 0;
  return [...groups.entries()]
    .sort(([a], [b]) => a - b)
    .map(([n, group]) => {
      const found = new Set(group.map((row) => row.direction));
      const [direction] = found;
      const half = {
        n,
        direction: found.size === 1 && typeof direction === "string" ? direction : undefined,
        start,
        end: x === "step" ? start + extent(group.map((row) => row.step as number))[1] : n,
      };
      start = half.end;
      return half;
    });
}

/** The samples of a column, by series and half-iteration, and the places of those that are not finite. */
function samplesOf(
  column: string,
  panel: Pick<TrendPanel, "spread" | "scale">,
  { rows, series, x, halves }: Scene,
) {
  const starts = new Map(halves.map((half) => [half.n, half.start]));
  const groups = new Map<string, { name: string; samples: (Sample & Band)[] }>();
  const lost: number[] = [];
  for (const row of rows) {
    const { half_iteration: n, [column]: value } = row;
    const start = starts.get(n as number);
    if (typeof value !== "number" || start === undefined) continue;
    if (x === "step" && typeof row.step !== "number") continue;
    const at = x === "step" ? start + (row.step as number) : (n as number);
    if (!Number.isFinite(value)) lost.push(at);
    if (!Number.isFinite(value) || (panel.scale === "log" && value <= 0)) continue;
    const name = series(row);
    const key = x === "step" ? `${n} ${name}` : name;
    const group = groups.get(key) ?? { name, samples: [] };
    groups.set(key, group);
    group.samples.push({ x: at, value, ...bandOf(value, row, panel) });
  }
  return { groups: [...groups.values()], lost };
}

type Band = Pick<Point, "low" | "high">;

function bandOf(
  value: number,
  row: TrendRow,
  { spread, scale }: Pick<TrendPanel, "spread" | "scale">,
): Band {
  const std = spread === undefined ? null : row[spread];
  if (typeof std !== "number" || !Number.isFinite(std)) return {};
  // A logarithmic axis has no room below zero: the band goes as far down as it goes up.
  const low = scale === "log" && std >= value ? value ** 2 / (value + std) : value - std;
  return { low, high: value + std };
}

async function drawTrend(
  panel: TrendPanel,
  scene: Scene,
): Promise<{ panel: Panel; lost: boolean; hasFloor: boolean }> {
  const { metric, scale, title, label = metric } = panel;
  const { x, halves, names, size } = scene;
  const { groups, lost } = samplesOf(metric, panel, scene);
  const floors =
    panel.floor === undefined ? [] : samplesOf(panel.floor, scale ? { scale } : {}, scene).groups;
  const most = Math.ceil(Math.min(binsPerHalf, binsPerPanel / halves.length));
  /** What is known at one half-iteration only becomes a short level line. */
  const widen = (points: Point[]): Point[] =>
    points.length !== 1 ? points : [-0.2, 0.2].map((d) => ({ ...points[0]!, x: points[0]!.x + d }));
  const plain = (samples: readonly (Sample & Band)[]): Point[] =>
    samples.map(({ value, ...sample }) => ({ ...sample, y: value }));
  const lineOf = (name: string, points: Point[]): Line => ({
    color: colorIn(names, name),
    points,
  });
  const lines: Line[] = groups.flatMap(({ name, samples }): Line[] => {
    if (x === "step") {
      const line = lineOf(name, smooth(samples, { most, share: smoothedShare }));
      return [{ ...line, dots: line.points.length === 1 }];
    }
    const points = plain(samples);
    const banded = points.some(({ low }) => low !== undefined);
    const line = { ...lineOf(name, points), dots: true };
    if (!banded || widen(points) === points) return [line];
    const bare = points.map(({ x, y }) => ({ x, y }));
    return [lineOf(name, widen(points)), { ...line, points: bare }];
  });
  lines.unshift(
    ...floors.map(({ name, samples }) => ({
      ...lineOf(name, widen(plain(samples))),
      dashed: true,
    })),
  );
  const facts = { lost: lost.length > 0, hasFloor: floors.length > 0 };
  if (groups.length === 0) {
    const nothing = await drawNothing({ ...size, title }, `no finite value of ${metric}`);
    return { ...facts, panel: nothing };
  }
  const values = lines.flatMap(({ points }) =>
    points.flatMap((p) => [p.y, p.low ?? p.y, p.high ?? p.y]),
  );
  const drawn = await drawLines({
    ...{ ...size, title, lines },
    x: x === "step" ? stepAxis(halves) : halfAxis(halves),
    y: {
      ...valueAxis(values, scale),
      label: x === "step" ? `${label} (line: mean, band: range)` : label,
    },
    rules: [
      ...(x === "step" && halves.length < 40
        ? halves.slice(1).map(({ start }) => ({ x: start, color: "#dddddd" }))
        : []),
      ...[...new Set(lost)].map((at) => ({ x: at, color: alarm, dash: "5,4" })),
    ],
    heads: x === "step" ? headsOf(halves, size.width - 82) : [],
  });
  return { ...facts, panel: drawn };
}

const nameOf = ({ n, direction }: Half): string =>
  direction === undefined ? String(n) : `${n} ${direction}`;

function halfAxis(halves: readonly Half[]) {
  const [low, high] = extent(halves.map(({ n }) => n));
  return {
    domain: [low - 0.3, high + 0.3] as [number, number],
    ticks: niceTicks(low, high, { count: 9, least: 1 }),
    tickFormat: (n: number) => nameOf(halves.find((half) => half.n === n) ?? ({ n } as Half)),
    label: "half-iteration",
  };
}

function stepAxis(halves: readonly Half[]) {
  const end = halves.at(-1)?.end ?? 1;
  const label = halves.length > 1 ? "training step, all half-iterations" : "training step";
  return {
    domain: [0, Math.max(1, end)] as [number, number],
    ticks: 6,
    tickFormat: stepTick,
    label,
  };
}

/** Names of half-iterations over their steps, where there is room for them. */
function headsOf(halves: readonly Half[], width: number): { x: number; text: string }[] {
  const end = halves.at(-1)?.end ?? 1;
  return halves.flatMap((half) => {
    const text = nameOf(half);
    const room = ((half.end - half.start) / end) * width;
    return room > textWidth(text, 10) + 4 ? [{ x: (half.start + half.end) / 2, text }] : [];
  });
}
