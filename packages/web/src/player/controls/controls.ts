// The controls that all views share: direction, path, steps, noise, conditions.
import type { BridgeInfo } from "../../bridge/bridge.js";
import { h, on, uniqueId } from "../dom.js";
import { most, type PlayerSettings } from "./settings.js";

/** Controls that change `settings` and then call `changed`. */
export function createControls(
  info: BridgeInfo,
  {
    settings,
    ends: [source, target],
    changed,
  }: { settings: PlayerSettings; ends: readonly [string, string]; changed: () => void },
): HTMLElement {
  const set = <K extends keyof PlayerSettings>(key: K, value: PlayerSettings[K]) => {
    settings[key] = value;
    changed();
  };
  const both = [
    { value: "f", text: `${source} → ${target}` },
    { value: "b", text: `${target} → ${source}` },
  ] as const;
  const some = both.filter(({ value }) => info.flow || info.directions.includes(value));
  const direction = choices("Direction", some, settings.direction, (value) => {
    settings.direction = value;
    if (!info.directions.includes(value)) {
      settings.solver = "heun";
      path.select("heun");
    }
    changed();
  });
  const paths = [
    { value: "sde", text: info.random ? "Random (SDE)" : "Flow, Euler" },
    { value: "heun", text: info.random ? "Probability flow" : "Flow, Heun" },
  ] as const;
  const path = choices("Path", info.flow ? paths : paths.slice(0, 1), settings.solver, (value) => {
    settings.solver = value;
    if (value === "sde" && !info.directions.includes(settings.direction)) {
      settings.direction = info.direction;
      direction.select(info.direction);
    }
    changed();
  });
  const steps = numberField("Steps", settings.steps, most.steps, (value) => set("steps", value));
  const variance = selectField(
    "Noise of a step",
    [
      ["process", "of the process"],
      ["bridge", "of a bridge"],
    ],
    settings.stepVariance,
    (value) => set("stepVariance", value as PlayerSettings["stepVariance"]),
  );
  const again = h("button", { type: "button" }, "New noise");
  on(again, { click: () => set("seed", 1 + Math.floor(Math.random() * 1e6)) });
  const given = info.conditions.map(({ name, classes }) => {
    const put = (value: number | string) => {
      settings.conditions[name] = value;
      changed();
    };
    const now = settings.conditions[name] as number | string;
    if (classes)
      return selectField(
        name,
        classes.map((c) => [c, c]),
        String(now),
        (value) => put(name === "y" ? Number(value) : value),
      );
    const field = h("input", { type: "number", step: "any", value: now });
    on(field, {
      change: () => field.validity.valid && field.value !== "" && put(field.valueAsNumber),
    });
    return h("label", {}, name, field);
  });
  return h(
    "div",
    { class: "bar" },
    ...[direction.element, path.element, steps],
    info.random ? variance : null,
    ...given,
    info.random ? again : null,
  );
}

function choices<V extends string>(
  legend: string,
  all: readonly { value: V; text: string }[],
  now: V,
  changed: (value: V) => void,
): { element: HTMLElement; select(value: V): void } {
  const name = uniqueId("choice");
  const inputs = all.map(({ value }) =>
    on(h("input", { type: "radio", name, value, checked: value === now }), {
      change: () => changed(value),
    }),
  );
  const labels = all.map(({ text }, i) => h("label", {}, inputs[i] as Node, h("span", {}, text)));
  const element = h(
    "fieldset",
    {},
    h("legend", {}, legend),
    h("div", { class: "choices" }, ...labels),
  );
  return {
    element,
    select(value) {
      for (const input of inputs) input.checked = input.value === value;
    },
  };
}

/** A whole number of at least 1. */
export function numberField(
  text: string,
  value: number,
  max: number,
  changed: (value: number) => void,
): HTMLElement {
  const input = h("input", { type: "number", min: 1, max, step: 1, value });
  on(input, {
    change() {
      if (input.value !== "" && input.validity.valid) changed(input.valueAsNumber);
      else input.reportValidity();
    },
  });
  return h("label", {}, text, input);
}

export function selectField(
  text: string,
  options: readonly (readonly [string, string])[],
  now: string,
  changed: (value: string) => void,
): HTMLElement {
  const select = h(
    "select",
    {},
    ...options.map(([value, name]) => h("option", { value, selected: value === now }, name)),
  );
  on(select, { change: () => changed(select.value) });
  return h("label", {}, text, select);
}
