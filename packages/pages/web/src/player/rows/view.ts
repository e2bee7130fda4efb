// One row of a table: typed, carried many times, and its images shown column by column.
import type { Bridge, Samples } from "../../bridge/bridge.js";
import { createCarrier, forget } from "../carried.js";
import { h, on } from "../dom.js";
import type { View, ViewContext } from "../view.js";
import { type Column, histogram } from "./histogram.js";

const images = 500;
const shown = 24;

export function createRows(bridge: Bridge, view: ViewContext): View {
  const { samples, ends, settings } = view;
  const { columns, shape } = bridge.info;
  const d = shape[0] as number;
  const names = columns ?? Array.from({ length: d }, (_, k) => `x${k + 1}`);
  let direction = settings.direction;
  const row = new Float64Array(d);
  let index = 0;
  const fields = names.map((name, k) => {
    const field = h("input", { type: "number", step: "any", required: true });
    on(field, {
      change() {
        if (!field.reportValidity()) return;
        row[k] = field.valueAsNumber;
        carry();
      },
    });
    return { field, label: h("label", { title: name }, name, field) };
  });
  const charts = h("div", { class: "charts" });
  const words = h("p", { class: "note", role: "status" });

  const take = (k: number) => {
    index = k;
    const all = samples[direction];
    for (let j = 0; j < d; j++) row[j] = all ? (all.data[k * d + j] as number) : 0;
    for (const [j, { field }] of fields.entries())
      field.value = String(Number((row[j] as number).toPrecision(5)));
    for (const [j, { field }] of fields.entries()) row[j] = field.valueAsNumber;
  };
  const show = (end: Samples) => {
    const others = samples[direction === "f" ? "b" : "f"];
    const all = names.map((name, k) => ({
      name,
      values: columnOf(end, k),
      others: others && columnOf(others, k),
      typed: row[k] as number,
    }));
    const chosen = d > shown ? all.toSorted((a, b) => shift(b) - shift(a)).slice(0, shown) : all;
    charts.replaceChildren(...chosen.map(histogram));
    const target = direction === "f" ? ends[1] : ends[0];
    const which = d > shown ? `The ${shown} of ${d} columns that move most` : "Each column";
    const many = end.shape[0] as number;
    words.textContent = `${which}: ${many > 1 ? `${many} images of the row` : "the image of the row"} (bars), ${others ? `all samples of ${target} (line), ` : ""}the row itself (dashes).`;
  };
  const carrier = createCarrier(bridge, view, (carried) => {
    const { states, steps } = carried;
    forget(carried, states.length - 2);
    if (states.length > steps) show(states.at(-1) as Samples);
    else words.textContent = `Carrying the row: step ${states.length - 1} of ${steps} …`;
  });
  const carry = () => {
    const n = bridge.info.random && settings.solver === "sde" ? images : 1;
    const data = Float64Array.from({ length: n * d }, (_, i) => row[i % d] as number);
    words.textContent = "Carrying the row …";
    const indices = Array.from({ length: n }, () => index);
    carrier.carry({ data, shape: [n, d] }, indices);
  };
  const another = on(h("button", { type: "button" }, "Another row"), {
    click() {
      take(Math.floor(Math.random() * (samples[direction]?.shape[0] ?? 1)));
      carry();
    },
  });
  const form = h("div", { class: "fields" }, ...fields.slice(0, shown).map(({ label }) => label));
  const rest = fields.slice(shown).map(({ label }) => label);
  const more =
    rest.length > 0
      ? h(
          "details",
          {},
          h("summary", {}, `${rest.length} more columns`),
          h("div", { class: "fields" }, ...rest),
        )
      : null;
  take(0);
  return {
    element: h("div", {}, form, more, h("div", { class: "bar" }, another), words, charts),
    restart() {
      if (direction !== settings.direction) {
        direction = settings.direction;
        take(0);
      }
      carry();
    },
    stop: () => carrier.stop(),
  };
}

function columnOf({ data, shape: [n = 0] }: Samples, k: number): Float64Array {
  const d = data.length / n;
  return Float64Array.from({ length: n }, (_, i) => data[i * d + k] as number);
}

function shift({ values, others, typed }: Column): number {
  const mean = (x: Float64Array) => x.reduce((a, v) => a + v, 0) / x.length;
  const spread = others ?? values;
  const m = mean(spread);
  const deviation = Math.sqrt(mean(spread.map((v) => (v - m) ** 2)));
  return Math.abs(mean(values) - typed) / (deviation || 1);
}
