// Views behind tabs: arrows move between them, one at a time is there.
import { h, on, uniqueId } from "./dom.js";
import type { View } from "./view.js";

export interface Tabs {
  element: HTMLElement;
  readonly shown: View;
}

/** One view has no tabs. `changed` is called with a chosen view; the view before is stopped. */
export function createTabs(
  views: readonly (readonly [string, View])[],
  changed: (view: View) => void,
): Tabs {
  let current = 0;
  const panels = views.map(([, { element }], k) =>
    h("div", { role: "tabpanel", id: uniqueId("panel"), hidden: k > 0 }, element),
  );
  const tabs = views.map(([name], k) => {
    const id = uniqueId("tab");
    panels[k]?.setAttribute("aria-labelledby", id);
    return h("button", { type: "button", role: "tab", id, "aria-controls": panels[k]?.id }, name);
  });
  const mark = () => {
    for (const [k, tab] of tabs.entries()) {
      tab.setAttribute("aria-selected", String(k === current));
      tab.tabIndex = k === current ? 0 : -1;
      (panels[k] as HTMLElement).hidden = k !== current;
    }
  };
  const show = (k: number) => {
    if (k === current) return;
    views[current]?.[1].stop();
    current = k;
    mark();
    changed((views[k] as [string, View])[1]);
  };
  for (const [k, tab] of tabs.entries())
    on(tab, {
      click: () => show(k),
      keydown({ key }) {
        const way = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
        if (way === 0) return;
        const next = (k + way + tabs.length) % tabs.length;
        show(next);
        tabs[next]?.focus();
      },
    });
  mark();
  const list = h("div", { role: "tablist", "aria-label": "What is shown" }, ...tabs);
  if (views.length === 1) panels[0]?.removeAttribute("role");
  return {
    element: h("div", {}, views.length > 1 ? list : null, ...panels),
    get shown() {
      return (views[current] as [string, View])[1];
    },
  };
}
