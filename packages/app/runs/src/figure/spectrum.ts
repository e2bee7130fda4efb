import { curveSize } from "./panel-sizes.js";
import { drawPanel, loadPlot } from "./plot.js";
import { composeFigure, type LegendEntry, logAxis, sampleColors, tickText } from "./svg.js";

/** The spectrum of one set of fields. */
export interface SpectrumSeries {
  /** Source, target or generated: sets the colour. */
  name: keyof typeof sampleColors;
  /** Wavenumbers, above 0 and rising. */
  k: readonly number[];
  /** Energy of each channel at each wavenumber, [C][K]. */
  energy: readonly (readonly number[])[];
}

/** A figure of energy spectra. */
export interface SpectrumFigureOptions {
  /** One line in each panel; equal channels. */
  series: readonly SpectrumSeries[];
  /** Default "Energy spectrum". */
  title?: string;
}

const decades = 6;

/** Returns SVG text. */
export async function spectrumFigure(options: SpectrumFigureOptions): Promise<string> {
  const { series, title = "Energy spectrum" } = options;
  const channels = series[0]?.energy.length ?? 0;
  const panels = await Promise.all(
    Array.from({ length: channels }, (_, channel) => drawChannel(channel, options)),
  );
  const legend: LegendEntry[] = series.map(({ name }) => ({
    label: name,
    color: sampleColors[name],
  }));
  return composeFigure({ title, panels, columns: 2, legend });
}

async function drawChannel(channel: number, { series }: SpectrumFigureOptions) {
  const { frame, line, text } = await loadPlot();
  const points = series.flatMap(({ k, energy, name }) =>
    k.map((x, i) => ({ x, y: energy[channel]?.[i] ?? 0, name })),
  );
  const most = Math.max(...points.map(({ y }) => y));
  const least = most * 10 ** -decades;
  for (const point of points) point.y = Math.max(point.y, least);
  const isEmpty = most === 0;
  return drawPanel({
    ...curveSize,
    height: 300,
    title: series[0]?.energy.length === 1 ? undefined : `channel ${channel + 1}`,
    x: {
      type: "log",
      base: 2,
      tickFormat: tickText,
      labelOffset: 38,
      label: "wavenumber (waves across the field)",
    },
    y: { ...(!isEmpty && logAxis), grid: true, label: "energy" },
    color: { domain: Object.keys(sampleColors), range: Object.values(sampleColors) },
    marks: [
      frame({ stroke: "#cccccc" }),
      line(points, { x: "x", y: "y", stroke: "name", strokeWidth: 1.8 }),
      text(isEmpty ? ["no energy at any wavenumber"] : [], { frameAnchor: "middle" }),
    ],
  });
}
