import type { Bridge, Conditions, Rows, Samples } from "../bridge/bridge.js";
import { samplesOf } from "../bridge/row-samples.js";
import { createControls } from "./controls/controls.js";
import { type PlayerSettings, settingsFor } from "./controls/settings.js";
import { h } from "./dom.js";
import { createPictures } from "./pictures/view.js";
import { createPoints } from "./points/view.js";
import { addStyles } from "./styles.js";
import { type ViewContext, wayOf } from "./view.js";

export { type MotionView, motionText, mountMotion } from "./points/motion.js";
export type { PlayerSettings };

/** Data, names and first settings of a player. */
export interface PlayerOptions {
  /** Samples of both ends in the data's own units. */
  source?: Rows | null;
  target?: Rows | null;
  /** Samples of the intermediate times of a course, in the order of their times. */
  between?: readonly Rows[];
  conditions?: { source?: Conditions | null; target?: Conditions | null };
  /** Default: as the bridge was trained, 1000 particles, seed 42. */
  settings?: Partial<PlayerSettings>;
}

/** A player on a page. */
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

/**
 * Shows and plays a bridge in an element.
 * @throws {WebBridgeError} for samples of another shape.
 */
export function mountPlayer(
  element: HTMLElement,
  bridge: Bridge,
  { source, target, between = [], conditions = {}, settings: asked }: PlayerOptions = {},
): Player {
  addStyles(element.ownerDocument);
  const { info } = bridge;
  const dataConditions = { f: withArrays(conditions.source), b: withArrays(conditions.target) };
  const settings = settingsFor(info, { data: dataConditions.f ?? dataConditions.b, ...asked });
  const { ends } = info;
  const samples = (rows: Rows | null | undefined): Samples | null =>
    rows ? samplesOf(rows, info.shape) : null;
  const stopped = new AbortController();
  const root = h("div", { class: "dsbm-player" });
  const error = h("p", { class: "error", role: "alert", hidden: true });
  const context: ViewContext = {
    root,
    ends,
    settings,
    dataConditions,
    samples: { f: samples(source), b: samples(target) },
    between: between.flatMap((rows) => samples(rows) ?? []),
    signal: stopped.signal,
    failed(problem) {
      error.hidden = problem === null;
      error.className = "error";
      error.textContent = problem?.message ?? "";
      view.element.hidden = false;
    },
    lacksStart() {
      error.hidden = false;
      error.className = "note";
      error.textContent = `This page holds no samples of ${wayOf(context).from} to start from. Export the bridge again on a machine that has its data.`;
      view.element.hidden = true;
    },
  };
  // Samples that were refused leave no empty frame.
  element.append(root);
  const view = (info.type === "vectors" ? createPoints : createPictures)(bridge, context);
  const controls = createControls(info, {
    settings,
    ends,
    own: dataConditions.f ?? dataConditions.b,
    changed: () => view.restart(),
  });
  root.append(controls, error, view.element);
  view.restart();
  return {
    destroy() {
      stopped.abort();
      view.stop();
      root.remove();
    },
  };
}
