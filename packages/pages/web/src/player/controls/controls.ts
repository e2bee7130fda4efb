import type { BridgeInfo, Conditions } from "../../bridge/bridge.js";
import { h, on } from "../dom.js";
import { conditionControls } from "./conditions.js";
import { choices, numberField } from "./fields.js";
import { most, type PlayerSettings } from "./settings.js";

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
  const steps = numberField("Steps", settings.steps, most.steps, (value) => set("steps", value));
  const again = h("button", { type: "button" }, "New noise");
  on(again, { click: () => set("seed", 1 + Math.floor(Math.random() * 1e6)) });
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
