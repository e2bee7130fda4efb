import { describe, expect, it } from "vitest";
import { metricRow as row } from "../../../../../test/support/metric-row.js";
import { barShape, drawBar, drawLabelledBar, labelledBar } from "../../src/report/bar.js";
import type { MetricRow } from "../../src/run/quality.js";
import { excessRow, unbroken } from "./excess.js";

describe("bars", () => {
  const attribute = (text: string, name: string, pattern: RegExp) =>
    pattern.exec(text)?.[1]?.match(new RegExp(`${name}="([^"]*)"`))?.[1];
  const excess = { ...excessRow, value: 0.5, low: 0.25, high: 0.75, floor: 0.1 };
  const drawn = (change: Partial<MetricRow>) => drawBar(barShape(row(change))!).text;

  it("have value, interval and floor on the scale of the excess, from 12 (data) to 118 (no bridge)", () => {
    // The raw share of the value is 99 %.
    const text = drawn({ value: 99, excess, finding: "partway", floor_interval: [0, 60] });
    expect(attribute(text, "cx", /<circle([^>]*)>/)).toBe("65.0");
    expect(attribute(text, "d", /<path class="value band"([^>]*)>/)).toBe("M38.5,8H91.5");
    expect(attribute(text, "d", /<path class="floor wide"([^>]*)>/)).toBe("M12.0,8H22.6");
  });

  it("of a metric without an excess have the scale of its values", () => {
    const text = drawn({ value: 50.5, interval: [1, 100], floor_interval: [1, 10.9] });
    expect(attribute(text, "cx", /<circle([^>]*)>/)).toBe("65.0");
    expect(attribute(text, "d", /<path class="floor wide"([^>]*)>/)).toBe("M12.0,8H22.6");
  });

  it("of a value that is no number are not drawn", () =>
    expect(
      barShape(row({ value: Number.NaN, excess: { ...excess, value: Number.NaN } })),
    ).toBeNull());

  it("name their metric and both ends, and their alternative text is the text next to them", () => {
    const { text } = drawLabelledBar(labelledBar(row({ excess, finding: "partway" }))!);
    const words = "50 % of the way (25 % to 75 %)";
    expect(text).toContain(`<figcaption><b>sliced W2</b> 1: ${unbroken(words)}</figcaption>`);
    expect(text).toContain(`aria-label="${words}"`);
    expect(text).toContain("<span>real data 1</span>\n<span>no bridge 100</span>");
  });
});
