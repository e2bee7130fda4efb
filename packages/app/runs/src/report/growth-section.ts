// The estimated growth of a run: a doubt first, and the curve over the lengths of growth.

import { digits } from "@dsbm/files";
import { curveSize } from "../figure/panel-sizes.js";
import { drawPanel, loadPlot } from "../figure/plot.js";
import { colorOf, tickText } from "../figure/svg.js";
import { type GrowthFacts, growthCaution } from "../run/growth-file.js";
import { charts, type Html, html } from "./page/html.js";

/** A sentence at the beginning of the report if growth is not identified. */
export function growthLead(growth: GrowthFacts): Html | null {
  const caution = growthCaution(growth);
  if (caution === null) return null;
  const text = `${caution[0].toUpperCase()}${caution.slice(1)}`;
  return html`<p class="verdict undecided"><b>Do not read growth rates and fates of this run as facts.</b> ${text}.</p>`;
}

const curves = {
  growth: "growth on which both halves agree",
  noise: "standard error",
  shift: "distance from the growth of the shortest length",
} as const;

/** Growth, its error and its shift by length. */
export async function growthSection({ lengths, best }: GrowthFacts): Promise<Html[]> {
  const { dot, line, ruleX } = await loadPlot();
  const names = Object.keys(curves) as (keyof typeof curves)[];
  const marks = names.flatMap((name, i) => {
    const rows = lengths.map((one) => ({ delta: one.delta, value: one[name] }));
    const places = { x: "delta", y: "value" };
    return [
      line(rows, { ...places, stroke: colorOf(i) }),
      dot(rows, { ...places, fill: colorOf(i) }),
    ];
  });
  const panel = await drawPanel({
    ...curveSize,
    height: 260,
    title: "Growth by length",
    x: { type: "log", ticks: 4, tickFormat: tickText, label: "delta (length of growth)" },
    y: { ticks: 5, tickFormat: tickText, label: "log mass of an interval", zero: true },
    marks: [ruleX([lengths[best].delta], { stroke: "#999999", strokeDasharray: "4 3" }), ...marks],
  });
  const legend = names.map((name, i) => ({ label: curves[name], color: colorOf(i) }));
  return [
    html`<p>Two halves of the rows estimate growth for several lengths. A short length is noisy, and with a long one mass moves instead of growing. delta=${digits(lengths[best].delta)} (dashed) has the least error, ${digits(Math.hypot(lengths[best].noise, lengths[best].shift), 2)}; both halves correlate by ${digits(lengths[best].agreement, 2)} there.</p>`,
    ...charts("medium", [panel], legend),
  ];
}
