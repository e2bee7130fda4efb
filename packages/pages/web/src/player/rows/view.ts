import type { Bridge, Samples } from "../../bridge/bridge.js";
import { createCarrier, forget } from "../carried.js";
import { h, on } from "../dom.js";
import { columnOf, momentsOf, rangeOf, short } from "../numbers.js";
import { columnNames, type View, type ViewContext, wayOf } from "../view.js";
import { type Column, histogram } from "./histogram.js";

const images = 500;
const mostColumns = 24;

export function createRows(bridge: Bridge, view: ViewContext): View {
  const { samples, settings } = view;
  const names = columnNames(bridge);
  const d = names.length;
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
  const warning = h("p", { class: "error", role: "alert", hidden: true });

  const take = (k: number) => {
    index = k;
    const all = samples[direction];
    for (const [j, { field }] of fields.entries()) {
      const value = all ? all.data[k * d + j] : 0;
      field.value = String(Number(value.toPrecision(5)));
      row[j] = field.valueAsNumber;
    }
  };
  /** Marks typed values where the bridge has seen no data. */
  const warn = () => {
    const all = samples[direction];
    const far = names.flatMap((name, k) => {
      if (!all) return [];
      const [low, high] = rangeOf([columnOf(all, k)], { without: 0, margin: 0 });
      const value = row[k];
      const isFar = Math.abs(value - (low + high) / 2) > 0.75 * (high - low);
      return isFar ? [`${name} ${short(value)} (data ${short(low)} to ${short(high)})`] : [];
    });
    warning.hidden = far.length === 0;
    warning.textContent = `Far outside the data, where the bridge has learnt nothing: ${far.slice(0, 4).join(", ")}${far.length > 4 ? " …" : ""}.`;
  };
  const show = (end: Samples) => {
    const way = wayOf(view);
    const others = samples[way.end];
    const all = names.map((name, k) => ({
      name,
      values: columnOf(end, k),
      others: others && columnOf(others, k),
      typed: row[k],
    }));
    const chosen =
      d > mostColumns ? all.toSorted((a, b) => shift(b) - shift(a)).slice(0, mostColumns) : all;
    charts.replaceChildren(...chosen.map(histogram));
    const which =
      d > mostColumns ? `The ${mostColumns} of ${d} columns that move most` : "Each column";
    const many = end.shape[0];
    words.textContent = `${which}: ${many > 1 ? `${many} images of the row` : "the image of the row"} (bars), ${others ? `all samples of ${way.to} (line), ` : ""}the row itself (dashes).`;
  };
  const carrier = createCarrier(bridge, view, (carried) => {
    const { states, steps } = carried;
    forget(carried, states.length - 2);
    if (states.length > steps) show(states.at(-1) as Samples);
    else words.textContent = `Carrying the row: step ${states.length - 1} of ${steps} …`;
  });
  const carry = () => {
    const n = bridge.info.random && settings.solver === "sde" ? images : 1;
    const data = Float64Array.from({ length: n * d }, (_, i) => row[i % d]);
    words.textContent = "Carrying the row …";
    warn();
    const indices = Array.from({ length: n }, () => index);
    carrier.carry({ data, shape: [n, d] }, indices);
  };
  const another = on(h("button", { type: "button" }, "Another row"), {
    click() {
      take(Math.floor(Math.random() * (samples[direction]?.shape[0] ?? 1)));
      carry();
    },
  });
  const labels = fields.map(({ label }) => label);
  const rest = labels.slice(mostColumns);
  const more = h(
    "details",
    { hidden: rest.length === 0 },
    h("summary", {}, `${rest.length} more columns`),
    h("div", { class: "fields" }, ...rest),
  );
  take(0);
  return {
    element: h(
      "div",
      {},
      h("div", { class: "fields" }, ...labels.slice(0, mostColumns)),
      more,
      h("div", { class: "bar" }, another),
      warning,
      words,
      charts,
    ),
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

/** Distance of the images from the row, in deviations of the data. */
function shift({ values, others, typed }: Column): number {
  const { deviation } = momentsOf(others ?? values);
  return Math.abs(momentsOf(values).mean - typed) / (deviation || 1);
}
