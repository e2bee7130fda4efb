// Column by column: histograms of source, target and generated samples, and their correlations.
import { niceTicks } from "../../figure/axis.js";
import type { Panel } from "../../figure/panel.js";
import { drawPanel, loadPlot } from "../../figure/svg.js";
import { colors, short, tick } from "./plane.js";
import type { Correlations, Histogram, Units } from "./points.js";

/** One small panel: generated samples as bars, the two ends as outlines. */
export async function histogramPanel(histogram: Histogram, units: Units): Promise<Panel> {
  const { column, low, high, source, target, generated } = histogram;
  const { lineY, rectY, ruleY } = await loadPlot();
  const [from, to] = [units.value(column, low), units.value(column, high)];
  const width = (to - from) / generated.length;
  const edge = (i: number) => from + i * width;
  const bars = generated.map((share, i) => ({ x1: edge(i), x2: edge(i + 1), share }));
  const outline = (shares: readonly number[]) =>
    shares.flatMap((share, i) => [
      { x: edge(i), share },
      { x: edge(i + 1), share },
    ]);
  const highest = Math.max(...source, ...target, ...generated, 1e-9);
  const line = (shares: readonly number[], stroke: string) =>
    lineY(outline(shares), { x: "x", y: "share", stroke, strokeWidth: 1.5 });
  return drawPanel({
    ...{ width: 210, height: 120, title: units.name(column) },
    ...{ marginTop: 6, marginRight: 24, marginBottom: 24, marginLeft: 38 },
    x: { domain: [from, to], ticks: 3, label: null, tickFormat: tick },
    y: {
      domain: [0, 1.05 * highest],
      ticks: niceTicks(0, 1.05 * highest, { count: 2 }),
      label: null,
      tickFormat: share,
    },
    marks: [
      rectY(bars, { x1: "x1", x2: "x2", y: "share", fill: colors.generated, fillOpacity: 0.45 }),
      line(source, colors.source),
      line(target, colors.target),
      ruleY([0], { stroke: "#888888" }),
    ],
  });
}

/** A tick of an axis of shares: 5 %, 0.5 %. */
const share = (part: number): string => `${Number((100 * part).toPrecision(3))} %`;

/** Three matrices: source, target, generated. */
export async function correlationPanels(found: Correlations, units: Units): Promise<Panel[]> {
  const { cell } = await loadPlot();
  const m = found.columns.length;
  // A column's number keeps two columns of one shortened name apart.
  const name = (i: number) => short(units.name(found.columns[i] as number), 12);
  const side = Math.max(150, Math.min(260, 13 * m));
  const places = Array.from({ length: m }, (_, i) => i);
  const axis = { domain: places, padding: 0, label: null, tickFormat: name, tickSize: 0 } as const;
  return Promise.all(
    (["source", "target", "generated"] as const).map((kind) => {
      const cells = found[kind].map((r, i) => ({ row: Math.floor(i / m), column: i % m, r }));
      return drawPanel({
        ...{
          width: side + 90,
          height: side + 90,
          title: `${kind[0]?.toUpperCase()}${kind.slice(1)}`,
        },
        ...{ marginTop: 4, marginRight: 6, marginBottom: 92, marginLeft: 94 },
        x: { ...axis, tickRotate: -60 },
        y: axis,
        color: { type: "linear", domain: [-1, 0, 1], range: ["#b2182b", "#ffffff", "#2166ac"] },
        marks: [
          cell(
            cells.filter(({ r }) => Number.isFinite(r)),
            { x: "column", y: "row", fill: "r" },
          ),
        ],
      });
    }),
  );
}
