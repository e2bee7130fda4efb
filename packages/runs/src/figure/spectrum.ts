// At which scales fields vary: energy against wavenumber on logarithmic axes, one panel a channel and one line a set
// of fields, so that what a bridge adds to its source, and what it still lacks of its target, is seen at once.
import type { Markish } from "@observablehq/plot";
import { RunError } from "../errors.js";
import { logAxis, logTick } from "./axis.js";
import {
  composeFigure,
  drawPanel,
  faintInk,
  type LegendEntry,
  loadPlot,
  type Panel,
  palette,
} from "./svg.js";
import { extent } from "./trend.js";

/** The spectrum of one set of fields. */
export interface SpectrumSeries {
  /** As the legend calls it: source, target, generated. */
  name: string;
  /** Wavenumbers, above 0 and rising. */
  k: readonly number[];
  /** Energy of each channel at each wavenumber, [C][K]. */
  energy: readonly (readonly number[])[];
  /** Drawn as dashes, for what is known and not measured. */
  exact?: boolean;
}

export interface SpectrumFigureOptions {
  series: readonly SpectrumSeries[];
  /** Names of the channels, panel titles (default: channel 1, 2, …; none for one channel). */
  channels?: readonly string[];
  /** A wavenumber to mark by a dashed rule: the first that the coarse grid does not resolve. */
  cutoff?: number;
  /** Powers of ten shown below the largest energy (default 6); what lies deeper runs out of the frame. */
  decades?: number;
  title?: string;
}

interface Point {
  series: string;
  k: number;
  energy: number;
}

const size = { width: 420, height: 300 };
const margins = { marginTop: 22, marginRight: 20, marginBottom: 46, marginLeft: 60 };

/**
 * Draws the figure and returns it as SVG text. Energies that are 0 have no place on a logarithmic axis: their lines
 * run out of the frame. Throws RunError "bad_argument" without series, for series of other channels than the first,
 * and for wavenumbers or energies that are none.
 */
export async function spectrumFigure({
  series,
  channels,
  cutoff,
  decades = 6,
  title = "Energy spectrum",
}: SpectrumFigureOptions): Promise<string> {
  check(series, decades);
  const [first] = series as [SpectrumSeries, ...SpectrumSeries[]];
  const panels: Panel[] = [];
  for (const c of first.energy.keys()) {
    const name = channels?.[c] ?? (first.energy.length > 1 ? `channel ${c + 1}` : undefined);
    panels.push(await drawChannel(c, series, { cutoff, decades, name }));
  }
  const legend = series.map(
    ({ name, exact }, i): LegendEntry => ({
      label: name,
      color: colorOf(i),
      ...(exact && { symbol: "dashes" }),
    }),
  );
  if (cutoff !== undefined)
    legend.push({ label: "limit of the coarse grid", color: faintInk, symbol: "dashes" });
  return composeFigure({ title, panels, columns: Math.min(2, panels.length), legend });
}

const colorOf = (i: number): string => palette[i % palette.length] as string;

function check(series: readonly SpectrumSeries[], decades: number): void {
  const refuse = (fault: string) =>
    new RunError("bad_argument", `a figure of spectra was given ${fault}`);
  const [first] = series;
  if (first === undefined || first.energy.length === 0)
    throw refuse("no spectrum, expected series of one channel or more");
  if (!(decades > 0)) throw refuse(`${decades} decades, expected a number above 0`);
  for (const { name, k, energy } of series) {
    if (energy.length !== first.energy.length)
      throw refuse(
        `${name} with ${energy.length} channels beside ${first.name} with ${first.energy.length}, expected as many`,
      );
    const rising = k.every((value, i) => value > (i === 0 ? 0 : (k[i - 1] as number)));
    if (k.length === 0 || !rising)
      throw refuse(`wavenumbers of ${name} that do not rise from above 0`);
    if (energy.some((row) => row.length !== k.length || row.some((e) => !(e >= 0 && e < Infinity))))
      throw refuse(`energies of ${name} that are not ${k.length} finite numbers from 0 a channel`);
  }
}

async function drawChannel(
  channel: number,
  series: readonly SpectrumSeries[],
  {
    cutoff,
    decades,
    name,
  }: { cutoff: number | undefined; decades: number; name: string | undefined },
): Promise<Panel> {
  const { frame, line, ruleX, text } = await loadPlot();
  const lines = series.map(({ name, k, energy, exact }, i) => {
    const points = (energy[channel] as readonly number[]).map(
      (e, at): Point => ({ series: name, k: k[at] as number, energy: e }),
    );
    return { points, color: colorOf(i), exact };
  });
  const shown = name === undefined ? {} : { title: name };
  const [, most] = extent(lines.flatMap(({ points }) => points.map((p) => p.energy)));
  if (most === 0) {
    const nothing = text(["no energy at any wavenumber"], { frameAnchor: "middle" });
    return drawPanel({ ...size, ...margins, ...shown, marks: [nothing] });
  }
  const floor = most * 10 ** -decades;
  const visible = lines.flatMap(({ points }) => points.map((p) => Math.max(p.energy, floor)));
  const [y, x] = [logAxis(visible), wavenumberAxis(series)];
  const marks: Markish[] = [
    frame({ stroke: "#cccccc" }),
    ruleX(cutoff === undefined ? [] : [cutoff], { stroke: faintInk, strokeDasharray: "3,3" }),
    ...lines.map(({ points, color, exact }) =>
      line(
        // Deep below the frame is where energy 0 goes: the clipped line shows that it vanishes.
        points.map((p) => ({ ...p, energy: Math.max(p.energy, floor / 1e3) })),
        {
          x: "k",
          y: "energy",
          stroke: color,
          strokeWidth: exact ? 1.3 : 1.8,
          clip: true,
          ...(exact && { strokeDasharray: "5,4" }),
        },
      ),
    ),
  ];
  return drawPanel({
    ...size,
    ...margins,
    ...shown,
    x: {
      type: "log",
      // The axis leaves out labels that are no powers of its base.
      base: 2,
      domain: x.domain,
      ticks: x.ticks,
      tickFormat: logTick,
      label: "wavenumber (waves across the field)",
      labelAnchor: "center",
      labelOffset: 36,
      labelArrow: "none",
    },
    y: {
      type: "log",
      domain: y.domain,
      ticks: y.ticks,
      tickFormat: logTick,
      label: "energy",
      labelArrow: "none",
      grid: true,
    },
    marks,
  });
}

/** Powers of two, as fields halve and double; a single wavenumber still has an axis. */
function wavenumberAxis(series: readonly SpectrumSeries[]): {
  domain: [number, number];
  ticks: number[];
} {
  const [low, high] = extent(series.flatMap(({ k }) => [...k]));
  const domain: [number, number] = high > low ? [low, high] : [low / 2, high * 2];
  const first = Math.ceil(Math.log2(domain[0]) - 1e-9);
  const count = Math.floor(Math.log2(domain[1]) + 1e-9) - first + 1;
  return { domain, ticks: Array.from({ length: Math.max(count, 0) }, (_, i) => 2 ** (first + i)) };
}
