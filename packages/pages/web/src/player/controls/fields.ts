import { h, listen, uniqueId } from "../dom.js";

/** A group of radio buttons. */
export function choices<V extends string>(
  legend: string,
  all: readonly { value: V; text: string }[],
  now: V,
  changed: (value: V) => void,
): { element: HTMLElement; select(value: V): void } {
  const name = uniqueId("choice");
  const inputs = all.map(({ value }) =>
    listen(h("input", { type: "radio", name, value, checked: value === now }), {
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

/** A labelled field for a whole number from 1 to `max`. */
export function numberField(
  text: string,
  value: number,
  max: number,
  changed: (value: number) => void,
): HTMLElement {
  const input = h("input", { type: "number", min: 1, max, step: 1, value });
  listen(input, {
    change() {
      if (input.value !== "" && input.validity.valid) changed(input.valueAsNumber);
      else input.reportValidity();
    },
  });
  return h("label", {}, text, input);
}

/** A labelled choice of one option. */
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
  listen(select, { change: () => changed(select.value) });
  return h("label", {}, text, select);
}
