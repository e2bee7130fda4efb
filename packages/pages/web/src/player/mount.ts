import type { Bridge, Conditions, Rows, Samples } from "../bridge/bridge.js";
import { samplesOf } from "../bridge/rows.js";
import { createControls } from "./controls/controls.js";
import { choices } from "./controls/fields.js";
import { type PlayerSettings, settingsFor } from "./controls/settings.js";
import { h } from "./dom.js";
import { createPictures } from "./pictures/view.js";
import { createPoints } from "./points/view.js";
import { createRows } from "./rows/view.js";
import { addStyles } from "./styles.js";
import type { View, ViewContext } from "./view.js";

export interface PlayerOptions {
  /** Samples of both ends in the data's own units. */
  source?: Rows | null;
  target?: Rows | null;
  conditions?: { source?: Conditions | null; target?: Conditions | null };
  /** Default: as the bridge was trained, 1000 particles, seed 42. */
  settings?: Partial<PlayerSettings>;
}

export interface Player {
  /** Removes the player from the page. The bridge is the caller's to dispose. */
  destroy(): void;
}

function withArrays(conditions: Conditions | null | undefined): Conditions | null {
  if (!conditions) return null;
  const entries = Object.entries(conditions).map(([name, value]) =>
    typeof value === "object" && "data" in value
      ? [name, { ...value, data: Float32Array.from(value.data) }]
      : [name, value],
  );
  return Object.fromEntries(entries);
}

/** Shows and plays a bridge in an element. Throws a WebBridgeError for samples of another shape. */
export function mountPlayer(
  element: HTMLElement,
  bridge: Bridge,
  { source, target, conditions = {}, settings: asked }: PlayerOptions = {},
): Player {
  addStyles(element.ownerDocument);
  const { info } = bridge;
  const given = { f: withArrays(conditions.source), b: withArrays(conditions.target) };
  const settings = settingsFor(info, { given: given.f ?? given.b, ...asked });
  const { ends } = info;
  const samples = (rows: Rows | null | undefined): Samples | null =>
    rows ? samplesOf(rows, info.shape) : null;
  const stopped = new AbortController();
  const root = h("div", { class: "dsbm-player" });
  element.append(root);
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const context: ViewContext = {
    root,
    ends,
    settings,
    given,
    samples: { f: samples(source), b: samples(target) },
    signal: stopped.signal,
    failed(problem) {
      error.hidden = problem === null;
      error.textContent = problem?.message ?? "";
    },
  };
  const views: Record<string, View> =
    info.type === "vectors"
      ? { Points: createPoints(bridge, context), "One row": createRows(bridge, context) }
      : { Pictures: createPictures(bridge, context) };
  const names = Object.keys(views);
  let view = views[names[0]];
  const place = h("div", {}, view.element);
  const show = (name: string) => {
    view.stop();
    view = views[name];
    place.replaceChildren(view.element);
    view.restart();
  };
  const kinds = names.map((name) => ({ value: name, text: name }));
  const kind = choices("Show", kinds, names[0], show).element;
  kind.hidden = names.length === 1;
  const controls = createControls(info, {
    settings,
    ends,
    own: given.f ?? given.b,
    changed: () => view.restart(),
  });
  controls.prepend(kind);
  root.append(controls, error, place);
  view.restart();
  return {
    destroy() {
      stopped.abort();
      view.stop();
      root.remove();
    },
  };
}
