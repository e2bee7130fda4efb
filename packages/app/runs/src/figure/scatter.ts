// Points in the plane: source, target and generated samples in two coordinates or components, at
// several times of their paths, with lines along the paths. One coordinate is drawn as histograms.
import type { Markish } from "@observablehq/plot";
import { refuse } from "../errors.js";
import { linearDomain, pickIndexes } from "./axis.js";
import type { Panel } from "./panel.js";
import { composeFigure, drawPanel, loadPlot } from "./svg.js";

export interface ScatterOptions {
  /** Numbers in each sample. */
  dim: number;
  /** Samples [n, dim] in row order. */
  source: Float32Array;
  target: Float32Array;
  /** States [times, n, dim] of generated samples along their paths: one panel a time, and one with lines. */
  path: { states: Float32Array; times: readonly number[] };
  /** Data [n, dim] of times between, each drawn in a panel of its time in the place of both ends. */
  between?: readonly { time: number; data: Float32Array }[];
  /** Two directions [dim], such as principal components, to project on instead of the first two coordinates. */
  components?: readonly [ArrayLike<number>, ArrayLike<number>];
  /** Names of the axes. */
  labels?: readonly [string, string];
  title: string;
}

/** How many times are shown, first and last among them; paths drawn as lines; points of each kind, the first ones. */
const most = { panels: 5, lines: 30, points: 400 };
const colors = { source: "#e69f00", target: "#009e73", generated: "#0072b2" } as const;
const names = { source: "source x0", target: "target x1", generated: "generated" } as const;
type Kind = keyof typeof colors;
const ends = ["source", "target"] as const;

interface Place {
  x: number;
  y: number;
}

interface Dot extends Place {
  kind: Kind;
}

type Domain = [number, number];

/**
 * Draws the figure and returns it as SVG text. Throws RunError "bad_argument" where sizes do not fit, and
 * where there is no finite sample.
 */
export async function scatterFigure(options: ScatterOptions): Promise<string> {
  check(options);
  const { dim, path, title } = options;
  const place = projection(options);
  const dots = (kind: Kind, data: Float32Array): Dot[] =>
    samplesOf(data, dim, most.points)
      .map((sample) => ({ kind, ...place(sample) }))
      .filter(hasPlace);
  const background = ends.flatMap((kind) => dots(kind, options[kind]));
  const size = path.states.length / path.times.length;
  const { between = [] } = options;
  const last = path.times.length - 1;
  const stops = between.map(({ time }) => path.times.findIndex((t) => Math.abs(t - time) < 1e-9));
  const picked = between.length > 0 ? [0, ...stops, last] : pickIndexes(last + 1, most.panels);
  const shown = picked.map((k) => ({
    title: `t = ${Number((path.times[k] as number).toFixed(3))}`,
    behind: stops.includes(k)
      ? dots("target", (between[stops.indexOf(k)] as { data: Float32Array }).data)
      : background,
    dots: dots("generated", path.states.subarray(k * size, (k + 1) * size)),
  }));
  const all = [...background, ...shown.flatMap((frame) => [...frame.dots, ...frame.behind])];
  refuse("a scatter figure", [[all.length === 0, "no finite sample to draw"]]);
  const flat = dim === 1;
  const groups = [
    ...ends.map((kind) => background.filter((d) => d.kind === kind)),
    ...shown.map((frame) => frame.dots),
  ];
  const domains = flat ? shareDomains(all, groups) : squareDomains(all);
  const [xLabel, yLabel] = options.labels ?? (flat ? ["x", "x"] : ["x[0]", "x[1]"]);
  const labels = { x: xLabel, y: flat ? "share of samples" : yLabel };
  const drawn: Panel[] = [];
  for (const frame of shown) {
    const marks = flat
      ? await histogram(frame.behind, frame.dots, domains.x)
      : await cloud([...frame.behind, ...frame.dots]);
    drawn.push(await drawFrame(marks, { title: frame.title, labels, domains }));
  }
  const paths = pathLines(path, dim, place);
  const over = flat
    ? { labels: { x: "time t", y: xLabel }, domains: { x: linearDomain(path.times), y: domains.x } }
    : { labels, domains };
  const marks = await pathMarks(flat ? [] : background, paths);
  drawn.push(await drawFrame(marks, { title: `${paths.length} paths`, ...over }));
  const legend = [...ends, "generated" as const]
    .filter((kind) => all.some((d) => d.kind === kind))
    .map((kind) => ({
      label: kind === "target" && between.length > 0 ? "data of the time" : names[kind],
      color: colors[kind],
      symbol: "dot" as const,
    }));
  return composeFigure({ title, panels: drawn, columns: Math.min(3, drawn.length), legend });
}

const hasPlace = ({ x, y }: Place): boolean => Number.isFinite(x) && Number.isFinite(y);

/** Where a sample is drawn. */
function projection({ dim, components }: ScatterOptions) {
  const along = (sample: Float32Array, direction: ArrayLike<number>) =>
    sample.reduce((sum, value, k) => sum + value * (direction[k] as number), 0);
  return (sample: Float32Array): Place => {
    if (components) return { x: along(sample, components[0]), y: along(sample, components[1]) };
    return { x: sample[0] as number, y: dim === 1 ? 0 : (sample[1] as number) };
  };
}

/** The first `limit` samples of [n, dim] data. */
function samplesOf(data: Float32Array, dim: number, limit: number): Float32Array[] {
  const n = Math.min(limit, data.length / dim);
  return Array.from({ length: n }, (_, i) => data.subarray(i * dim, (i + 1) * dim));
}

async function cloud(dots: Dot[]): Promise<Markish[]> {
  const { dot } = await loadPlot();
  return [
    dot(dots, {
      ...{ x: "x", y: "y", r: 1.7, clip: true },
      fill: (d) => colors[(d as Dot).kind],
      fillOpacity: (d: Dot) => (d.kind === "generated" ? 0.75 : 0.35),
    }),
  ];
}

async function histogram(background: Dot[], dots: Dot[], domain: Domain): Promise<Markish[]> {
  const { lineY, rectY } = await loadPlot();
  const outlines = ends.map((kind) => {
    const samples = background.filter((d) => d.kind === kind);
    const shape = { x: (b: Bin) => (b.x1 + b.x2) / 2, y: "share", curve: "step" } as const;
    return lineY(bins(samples, domain), { ...shape, stroke: colors[kind], strokeWidth: 1.8 });
  });
  const bars = { x1: "x1", x2: "x2", y: "share", fill: colors.generated, fillOpacity: 0.5 };
  return [rectY(dots.length > 0 ? bins(dots, domain) : [], bars), ...outlines];
}

interface Bin {
  x1: number;
  x2: number;
  share: number;
}

/** Shares of the samples in 30 equal bins of the domain. */
function bins(samples: readonly Dot[], [low, high]: Domain): Bin[] {
  const width = (high - low) / 30;
  const counts = new Array<number>(30).fill(0);
  for (const { x } of samples) counts[Math.min(29, Math.floor((x - low) / width))]! += 1;
  return counts.map((count, i) => ({
    x1: low + i * width,
    x2: low + (i + 1) * width,
    share: count / Math.max(1, samples.length),
  }));
}

/** The first paths, each as its points; of one coordinate against time. */
function pathLines(
  { states, times }: ScatterOptions["path"],
  dim: number,
  place: (sample: Float32Array) => Place,
): Place[][] {
  const size = states.length / times.length;
  return Array.from({ length: Math.min(most.lines, size / dim) }, (_, i) =>
    times.flatMap((t, k) => {
      const from = k * size + i * dim;
      const at = place(states.subarray(from, from + dim));
      if (!hasPlace(at)) return [];
      return [dim === 1 ? { x: t, y: at.x } : at];
    }),
  );
}

async function pathMarks(background: Dot[], paths: Place[][]): Promise<Markish[]> {
  const { dot, line } = await loadPlot();
  const points = paths.flatMap((path, i) => path.map((at) => ({ ...at, i })));
  const last = paths.flatMap((path) => path.slice(-1));
  const stroke = { stroke: colors.generated, strokeWidth: 0.8, strokeOpacity: 0.6 };
  return [
    ...(await cloud(background)),
    line(points, { x: "x", y: "y", z: "i", clip: true, ...stroke }),
    dot(last, { x: "x", y: "y", r: 2.4, clip: true, fill: colors.generated }),
  ];
}

interface FrameOptions {
  title: string;
  labels: { x: string; y: string };
  domains: { x: Domain; y: Domain };
}

async function drawFrame(marks: Markish[], { title, labels, domains }: FrameOptions) {
  const { frame } = await loadPlot();
  const axis = { labelAnchor: "center", labelArrow: "none", ticks: 5 } as const;
  return drawPanel({
    ...{ width: 300, height: 290, title },
    ...{ marginTop: 12, marginRight: 12, marginBottom: 44, marginLeft: 56 },
    x: { ...axis, domain: domains.x, label: labels.x },
    y: { ...axis, domain: domains.y, label: labels.y },
    marks: [frame({ stroke: "#bbbbbb" }), ...marks],
  });
}

/** Domains of equal length on both axes, so that circles look like circles. */
function squareDomains(all: readonly Dot[]): { x: Domain; y: Domain } {
  const x = linearDomain(all.map((d) => d.x));
  const y = linearDomain(all.map((d) => d.y));
  const half = Math.max(x[1] - x[0], y[1] - y[0]) / 2;
  const around = ([a, b]: Domain): Domain => [(a + b) / 2 - half, (a + b) / 2 + half];
  return { x: around(x), y: around(y) };
}

/** Domains of the histograms: shares from 0 to the highest bin of any group. */
function shareDomains(all: readonly Dot[], groups: readonly Dot[][]): { x: Domain; y: Domain } {
  const x = linearDomain(all.map((d) => d.x));
  const highest = Math.max(...groups.flatMap((group) => bins(group, x).map((b) => b.share)));
  return { x, y: [0, highest * 1.08] };
}

function check({ dim, path: { states, times }, components, ...given }: ScatterOptions): void {
  const step = times.length * dim;
  refuse("a scatter figure", [
    [!Number.isSafeInteger(dim) || dim < 1, `dim ${dim}, expected 1 or more`],
    ...ends.map((kind): [boolean, string] => [
      given[kind].length % dim !== 0,
      `${given[kind].length} values of ${kind}, expected a multiple of dim ${dim}`,
    ]),
    [
      step === 0 || states.length === 0 || states.length % step !== 0,
      `${states.length} values of path, expected a multiple of ${times.length} times × dim ${dim}`,
    ],
    [
      components?.some((direction) => direction.length !== dim) === true,
      `components of ${components?.map((c) => c.length)} values, expected ${dim} each`,
    ],
  ]);
}
