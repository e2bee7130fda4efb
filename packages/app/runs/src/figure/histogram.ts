// Values of a column and shares of a category, of source, target and generated rows.
import type { AxisUnits } from "./axis-units.js";
import { drawPanel, loadPlot } from "./plot.js";
import type { CategoryShares, Histogram } from "./points-file.js";
import {
  sampleColors as colors,
  type Panel,
  type SampleKind,
  shortenText,
  tickText,
} from "./svg.js";

/** The histograms of a column: generated values as bars, source and target as outlines. */
export async function histogramPanel(
  { column, low, high, ...shares }: Histogram,
  { units }: { units: AxisUnits },
  size: { width: number; height: number } = { width: 210, height: 120 },
): Promise<Panel> {
  const { lineY, rectY, ruleY } = await loadPlot();
  const from = units.value(column, low);
  const width = (units.value(column, high) - from) / shares.generated.length;
  const bars = (kind: SampleKind) =>
    shares[kind].map((share, i) => ({ from: from + i * width, to: from + (i + 1) * width, share }));
  const outline = (kind: SampleKind) =>
    lineY(
      bars(kind).flatMap(({ from, to, share }) => [from, to].map((x) => ({ x, share }))),
      { x: "x", y: "share", stroke: colors[kind], strokeWidth: 1.5 },
    );
  const bar = { x1: "from", x2: "to", y: "share", fill: colors.generated, fillOpacity: 0.45 };
  return drawPanel({
    ...size,
    title: units.name(column),
    marginTop: 6,
    marginRight: 24,
    marginBottom: 24,
    marginLeft: 38,
    x: { ticks: 3, label: null, tickFormat: tickText },
    y: { ticks: 2, label: null, percent: true, tickFormat: (share: number) => `${share} %` },
    marks: [
      rectY(bars("generated"), { ...bar, inset: 0 }),
      outline("source"),
      outline("target"),
      ruleY([0], { stroke: "#888888" }),
    ],
  });
}

const longestLevel = 14;

/** The shares of a category's levels: a bar for each kind of rows. */
export async function categoryPanel({ name, levels, ...shares }: CategoryShares): Promise<Panel> {
  const { barY, ruleY, text } = await loadPlot();
  const kinds = ["source", "generated", "target"] as const;
  const bars = kinds.flatMap((kind) =>
    levels.map((level, i) => ({ level, kind, share: shares[kind][i] })),
  );
  const place = { fx: "level", x: "kind", y: "share" } as const;
  return drawPanel({
    width: Math.max(210, 42 + 66 * levels.length),
    height: 150,
    title: name,
    marginTop: 18,
    marginRight: 8,
    marginBottom: 26,
    marginLeft: 42,
    fx: {
      domain: [...levels],
      label: null,
      axis: "bottom",
      tickFormat: (one: string) => shortenText(one, longestLevel),
    },
    x: { axis: null, domain: [...kinds] },
    y: {
      ticks: 3,
      label: null,
      percent: true,
      zero: true,
      tickFormat: (share: number) => `${share} %`,
    },
    color: { domain: [...kinds], range: kinds.map((kind) => colors[kind]) },
    marks: [
      barY(bars, { ...place, fill: "kind" }),
      text(bars, {
        ...place,
        text: ({ share }) => `${Math.round(100 * share)}`,
        dy: -6,
        fontSize: 9,
      }),
      ruleY([0], { stroke: "#888888" }),
    ],
  });
}
