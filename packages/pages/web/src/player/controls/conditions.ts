// A class or a number; empty, or "each its own", if samples have their own.
import type { BridgeInfo, Conditions } from "../../bridge/bridge.js";
import { h, on } from "../dom.js";
import { selectField } from "./fields.js";
import type { PlayerSettings } from "./settings.js";

const eachItsOwn = "";

export function conditionControls(
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
    on(field, {
      change() {
        if (field.value !== "") put(field.valueAsNumber);
        else if (hasOwn && field.validity.valid) put(null);
      },
    });
    return h("label", {}, name, field);
  });
}
