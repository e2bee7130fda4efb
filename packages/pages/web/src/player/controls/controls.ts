import type { BridgeInfo, Conditions } from "../../bridge/bridge.js";
import { h, listen } from "../dom.js";
import { choices, numberField, selectField } from "./fields.js";
import { type PlayerSettings, settingLimits } from "./settings.js";

/** The fields above a player: direction, sampler, steps, seed and conditions. */
export function createControls(
  info: BridgeInfo,
  {
    settings,
    ends: [source, target],
    own,
    changed,
  }: {
    settings: PlayerSettings;
    ends: readonly [string, string];
    own: Conditions | null;
    changed: () => void;
  },
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
  const steps = stepsField(info, settings.steps, (value) => set("steps", value));
  const again = h("button", { type: "button" }, "New noise");
  listen(again, { click: () => set("seed", 1 + Math.floor(Math.random() * 1e6)) });
  const conditions = conditionControls(info, { settings, own, changed });
  return h(
    "div",
    { class: "bar" },
    direction.element,
    path.element,
    steps,
    ...conditions,
    info.random ? again : null,
  );
}

/** A choice, if the sampler takes some numbers of steps alone and there is no flow, which takes any. */
function stepsField(
  { stepChoices, flow, steps }: BridgeInfo,
  now: number,
  changed: (steps: number) => void,
): HTMLElement {
  if (!stepChoices || flow) return numberField("Steps", now, settingLimits.steps, changed);
  const options = stepChoices.map((k) => [`${k}`, `${k}`] as const);
  return selectField("Steps", options, `${stepChoices.includes(now) ? now : steps}`, (value) =>
    changed(Number(value)),
  );
}

const eachItsOwn = "";

function conditionControls(
  { conditions }: BridgeInfo,
  {
    settings,
    own,
    changed,
  }: { settings: PlayerSettings; own: Conditions | null; changed: () => void },
): HTMLElement[] {
  const asked = conditions.filter(({ shape }) => shape === null);
  return asked.map(({ name, classes }) => {
    const put = (value: number | string | null) => {
      settings.conditions[name] = value;
      changed();
    };
    const hasOwn = own?.[name] !== undefined;
    const now = settings.conditions[name] ?? eachItsOwn;
    if (classes) {
      const options = classes.map((c) => [c, c] as const);
      return selectField(
        name,
        [...(hasOwn ? [[eachItsOwn, "each its own"] as const] : []), ...options],
        String(now),
        (value) => put(value === eachItsOwn ? null : name === "y" ? Number(value) : value),
      );
    }
    const field = h("input", {
      type: "number",
      step: "any",
      value: now,
      ...(hasOwn && { placeholder: "each its own" }),
    });
    listen(field, {
      change() {
        if (field.value !== "") put(field.valueAsNumber);
        else if (hasOwn && field.validity.valid) put(null);
      },
    });
    return h("label", {}, name, field);
  });
}
