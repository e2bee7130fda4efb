// The path in the plane: the first two coordinates of the samples at several times, over the
// samples of source and target. One coordinate alone is drawn as histograms.
import type { Markish } from "@observablehq/plot";
import { RunError } from "../errors.js";
import { linearDomain, pickIndexes } from "./axis.js";
import { composeFigure, drawPanel, loadPlot, type Panel } from "./svg.js";

export interface ScatterOptions {
  /** Samples along the path, [steps + 1, n, dim] in row order. */
  path: Float32Array;
  shape: readonly [number, number, number];
  /** Time of each point of the path (default: 0 to 1 in equal steps; a backward path counts down). */
  times?: readonly number[];
  /** How many times are shown, first and last among them (default 5). */
  panels?: number;
  /** Samples of the source x0 and the target x1, [m, dim] in row order. */
  source?: Float32Array;
  target?: Float32Array;
  title?: string;
  /** At most so many points of each kind, the first ones (default 400). */
  points?: number;
}

const colors = { source: "#e69f00", target: "#009e73", path: "#0072b2" } as const;
const names = { source: "source x0", target: "target x1", path: "samples on the path" } as const;
type Kind = keyof typeof colors;

interface Dot {
  kind: Kind;
  x: number;
  y: number;
}

/**
 * Draws the figure and returns it as SVG text. Throws RunError "bad_argument" when the sizes do not
 * fit the shape.
 */
export async function scatterFigure(options: ScatterOptions): Promise<string> {
  const { path, shape, title = "Samples along the path", points = 400 } = options;
  const [grid, n, dim] = shape;
  checkLength("path", path.length, grid * n * dim, shape);
  if (path.length === 0) throw new RunError("bad_argument", `path is empty: shape [${shape}]`);
  const times = options.times ?? Array.from({ length: grid }, (_, k) => k / Math.max(1, grid - 1));
  checkLength("times", times.length, grid, shape);
  const background = (["source", "target"] as const).flatMap((kind) => {
    const data = options[kind];
    if (data === undefined) return [];
    checkLength(kind, data.length % dim, 0, shape);
    return dots(kind, data, dim, points);
  });
  const shown = pickIndexes(grid, options.panels ?? 5).map((k) => ({
    t: times[k] as number,
    dots: dots("path", path.subarray(k * n * dim, (k + 1) * n * dim), dim, points),
  }));
  const all = [...background, ...shown.flatMap((panel) => panel.dots)];
  if (all.length === 0) throw new RunError("bad_argument", "the path has no finite sample to draw");
  const groups = [...shown.map((panel) => panel.dots), ...byKind(background)];
  const domains = dim === 1 ? shareDomains(all, groups) : squareDomains(all);
  const drawn: Panel[] = [];
  for (const [i, panel] of shown.entries()) {
    const marks = dim === 1 ? histogram : cloud;
    drawn.push(
      await drawTime(await marks(background, panel.dots, domains), panel.t, i === 0, dim, domains),
    );
  }
  const kinds = (["source", "target", "path"] as const).filter((kind) =>
    all.some((d) => d.kind === kind),
  );
  const legend = kinds.map(
    (kind) => ({ label: names[kind], color: colors[kind], symbol: "dot" }) as const,
  );
  return composeFigure({ title, panels: drawn, legend });
}

async function cloud(background: Dot[], path: Dot[]): Promise<Markish[]> {
  const { dot } = await loadPlot();
  const place = { x: "x", y: "y", clip: true } as const;
  return [
    dot(background, { ...place, r: 1.7, fill: (d: Dot) => colors[d.kind], fillOpacity: 0.35 }),
    dot(path, { ...place, r: 1.7, fill: colors.path, fillOpacity: 0.75 }),
  ];
}

async function histogram(background: Dot[], path: Dot[], domains: Domains): Promise<Markish[]> {
  const { lineY, rectY } = await loadPlot();
  const outlines = (["source", "target"] as const).map((kind) => {
    const samples = background.filter((d) => d.kind === kind);
    const shape = { x: (b: Bin) => (b.x1 + b.x2) / 2, y: "share", curve: "step" } as const;
    return lineY(bins(samples, domains.x), { ...shape, stroke: colors[kind], strokeWidth: 1.8 });
  });
  const bars = { x1: "x1", x2: "x2", y: "share", fill: colors.path, fillOpacity: 0.5 };
  return [rectY(bins(path, domains.x), bars), ...outlines];
}

interface Bin {
  x1: number;
  x2: number;
  share: number;
}

/** Shares of the samples in 30 equal bins of the domain. */
function bins(samples: readonly Dot[], [low, high]: [number, number]): Bin[] {
  const width = (high - low) / 30;
  const counts = new Array<number>(30).fill(0);
  for (const { x } of samples) counts[Math.min(29, Math.floor((x - low) / width))]! += 1;
  return counts.map((count, i) => ({
    x1: low + i * width,
    x2: low + (i + 1) * width,
    share: count / Math.max(1, samples.length),
  }));
}

function drawTime(
  marks: Markish[],
  t: number,
  first: boolean,
  dim: number,
  domains: Domains,
): Promise<Panel> {
  const label = dim === 1 ? "share of samples" : "second coordinate";
  return loadPlot().then(({ frame, text }) =>
    drawPanel({
      width: 228,
      height: 252,
      marginTop: 28,
      marginRight: 10,
      marginBottom: 40,
      marginLeft: 50,
      x: {
        domain: domains.x,
        ticks: 4,
        label: dim === 1 ? "coordinate" : "first coordinate",
        labelAnchor: "center",
        labelArrow: "none",
      },
      y: {
        domain: domains.y,
        ticks: 5,
        label: first ? label : null,
        labelAnchor: "center",
        labelArrow: "none",
      },
      marks: [
        frame({ stroke: "#bbbbbb" }),
        ...marks,
        text([`t = ${Number(t.toFixed(3))}`], {
          frameAnchor: "top",
          dy: -18,
          fontSize: 12,
          fontWeight: "bold",
        }),
      ],
    }),
  );
}

interface Domains {
  x: [number, number];
  y: [number, number];
}

/** Domains of equal length on both axes, so that round clouds look round. */
function squareDomains(all: readonly Dot[]): Domains {
  const x = linearDomain(all.map((d) => d.x));
  const y = linearDomain(all.map((d) => d.y));
  const half = Math.max(x[1] - x[0], y[1] - y[0]) / 2;
  const around = ([low, high]: [number, number]): [number, number] => [
    (low + high) / 2 - half,
    (low + high) / 2 + half,
  ];
  return { x: around(x), y: around(y) };
}

/** Domains of the histograms: shares from 0 to the highest bin of any group. */
function shareDomains(all: readonly Dot[], groups: readonly Dot[][]): Domains {
  const x = linearDomain(all.map((d) => d.x));
  const highest = Math.max(...groups.flatMap((group) => bins(group, x).map((b) => b.share)));
  return { x, y: [0, highest * 1.08] };
}

function byKind(dots: readonly Dot[]): Dot[][] {
  return (["source", "target"] as const).map((kind) => dots.filter((d) => d.kind === kind));
}

/** The first `limit` finite samples of [m, dim] data. */
function dots(kind: Kind, data: Float32Array, dim: number, limit: number): Dot[] {
  const found: Dot[] = [];
  for (let i = 0; i + dim <= data.length && found.length < limit; i += dim) {
    const x = data[i] as number;
    const y = dim > 1 ? (data[i + 1] as number) : 0;
    if (Number.isFinite(x) && Number.isFinite(y)) found.push({ kind, x, y });
  }
  return found;
}

function checkLength(
  what: string,
  given: number,
  expected: number,
  shape: readonly number[],
): void {
  if (given === expected) return;
  throw new RunError(
    "bad_argument",
    `${what} has ${given} values (or a remainder of so many), expected ${expected} for the path's shape [${shape.join(", ")}]`,
  );
}
