// Energy of fields against wavenumber on logarithmic axes: one panel a channel, one line a set of fields. It shows
// at which scales the generated fields differ from source and target.
import { refuse } from "../errors.js";
import { extent, valueAxis } from "./axis.js";
import { drawLines, drawNothing, type Line } from "./lines.js";
import type { LegendEntry, Panel } from "./panel.js";
import { colorOf, composeFigure, faintInk } from "./svg.js";

/** The spectrum of one set of fields. */
export interface SpectrumSeries {
  /** The name in the legend: source, target, generated. */
  name: string;
  /** Wavenumbers, above 0 and rising. */
  k: readonly number[];
  /** Energy of each channel at each wavenumber, [C][K]. */
  energy: readonly (readonly number[])[];
}

export interface SpectrumFigureOptions {
  series: readonly SpectrumSeries[];
  /** A wavenumber to mark by a dashed rule: the first that the coarse grid does not resolve. */
  cutoff?: number;
  title?: string;
}

const size = { width: 420, height: 300 };
/** Powers of ten shown below the largest energy; lower energies are cut off. */
const decades = 6;

/**
 * Draws the figure and returns it as SVG text. A logarithmic axis has no place for energy 0: lines leave the
 * frame there. Throws RunError "bad_argument" without series, for series of other channels than the first,
 * and for invalid wavenumbers or energies.
 */
export async function spectrumFigure(options: SpectrumFigureOptions): Promise<string> {
  const { series, cutoff, title = "Energy spectrum" } = options;
  check(series);
  const channels = series[0]?.energy ?? [];
  const panels = await Promise.all(
    channels.map((_, c) => {
      const name = channels.length > 1 ? `channel ${c + 1}` : undefined;
      return drawChannel(c, options, name);
    }),
  );
  const legend: LegendEntry[] = series.map(({ name }, i) => ({ label: name, color: colorOf(i) }));
  if (cutoff !== undefined)
    legend.push({ label: "limit of the coarse grid", color: faintInk, symbol: "dashes" });
  return composeFigure({ title, panels, columns: Math.min(2, panels.length), legend });
}

function check(series: readonly SpectrumSeries[]): void {
  const channels = series[0]?.energy.length ?? 0;
  refuse("a figure of spectra", [
    [channels === 0, "no spectrum, expected series of one channel or more"],
    ...series.flatMap(({ name, k, energy }): [boolean, string][] => [
      [
        energy.length !== channels,
        `${name} with ${energy.length} channels beside ${series[0]?.name} with ${channels}, expected as many`,
      ],
      [
        k.length === 0 || k.some((value, i) => !(value > (i === 0 ? 0 : (k[i - 1] as number)))),
        `wavenumbers of ${name} that do not rise from above 0`,
      ],
      [
        energy.some((row) => row.length !== k.length || row.some((e) => !(e >= 0 && e < Infinity))),
        `energies of ${name} that are not ${k.length} finite numbers from 0 a channel`,
      ],
    ]),
  ]);
}

async function drawChannel(
  channel: number,
  { series, cutoff }: SpectrumFigureOptions,
  name: string | undefined,
): Promise<Panel> {
  const energies = series.map(({ energy }) => energy[channel] as readonly number[]);
  const [, most] = extent(energies.flat());
  if (most === 0) return drawNothing({ ...size, title: name }, "no energy at any wavenumber");
  const floor = most * 10 ** -decades;
  const lines = series.map(
    ({ k }, i): Line => ({
      color: colorOf(i),
      // An energy of 0 is drawn far below the frame, where lines are cut off.
      points: energies[i]!.map((e, at) => ({ x: k[at] as number, y: Math.max(e, floor / 1e3) })),
    }),
  );
  const visible = energies.flat().map((energy) => Math.max(energy, floor));
  const ks = series.flatMap(({ k }) => k);
  return drawLines({
    ...{ ...size, title: name, lines },
    x: { ...valueAxis(ks, "log", { base: 2 }), label: "wavenumber (waves across the field)" },
    y: { ...valueAxis(visible, "log"), label: "energy" },
    rules: cutoff === undefined ? [] : [{ x: cutoff, color: faintInk, dash: "3,3" }],
  });
}
