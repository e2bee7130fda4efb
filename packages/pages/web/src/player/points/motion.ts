// Rows on their way under the networks in training, as a training sends them.
import { fixedNumber, shortNumber } from "@dsbm/files/numbers";
import type { FitMotion } from "../../fit/messages.js";
import { watch } from "../canvas.js";
import { createClock } from "../controls/clock.js";
import { h } from "../dom.js";
import { columnOf } from "../numbers.js";
import { addStyles } from "../styles.js";
import { createPlane } from "./plane.js";
import { createKey, createScene, mix } from "./scene.js";

/** Particles of a training on a page. */
export interface MotionView {
  /** Shows newer rows; the clock continues. */
  show(motion: FitMotion): void;
  /** Removes the particles from the page. */
  destroy(): void;
}

/** Shows the rows of a training on their way between the data of two names. Newer rows replace older ones. */
export function mountMotion(element: HTMLElement, ends: readonly [string, string]): MotionView {
  addStyles(element.ownerDocument);
  const stopped = new AbortController();
  const root = h("div", { class: "dsbm-player" });
  const scene = createMovingRows(root, ends);
  const clock = createClock({
    draw: scene.draw,
    timeText: (share) => `t = ${fixedNumber(scene.timeOf(share), 2)}`,
  });
  const ground = () => scene.ground(clock.share);
  const bar = h("div", { class: "bar" });
  watch(scene.canvas, ground, stopped.signal);
  root.append(bar, clock.element, scene.canvas, scene.key);
  element.append(root);
  return {
    show(motion) {
      const { isTurned, fields } = scene.take(motion);
      if (fields) bar.replaceChildren(...fields(ground));
      if (isTurned) clock.restart(motion.direction);
      if (isTurned) clock.limit(1);
      ground();
    },
    destroy() {
      stopped.abort();
      clock.stop();
      root.remove();
    },
  };
}

/** The canvas of the newest rows, and its key. */
function createMovingRows(root: HTMLElement, ends: readonly [string, string]) {
  const canvas = h("canvas", {
    role: "img",
    "aria-label": `Held-out rows between ${ends[0]} and ${ends[1]}`,
  });
  const scene = createScene(canvas, root);
  const key = createKey(ends, root);
  let motion: FitMotion | null = null;
  let plane = createPlane([]);
  const timeOf = (share: number) => (motion?.direction === "b" ? 1 - share : share);
  const draw = (share: number) => {
    if (!motion) return;
    const { states } = motion;
    const last = states.length - 1;
    const k = Math.min(Math.floor(share * last), last - 1);
    const place = { k, part: share * last - k };
    const [from, to] = [k, k + 1].map((i) => plane.cloudOf(states[i], timeOf(i / last)));
    scene.draw([mix(from[0], to[0], place), mix(from[1], to[1], place)], null);
  };
  return {
    canvas,
    key: key.element,
    timeOf,
    draw,
    /** Newer rows: whether they move the other way, and the fields of other columns. */
    take(next: FitMotion) {
      const isTurned = motion?.direction !== next.direction;
      const isOther = `${motion?.columns}` !== `${next.columns}`;
      if (isOther) plane = createPlane(next.columns);
      motion = next;
      return { isTurned, fields: isOther ? plane.fields : null };
    },
    /** Draws the frame, the data and the rows at a share of the way. */
    ground(share: number) {
      if (!motion) return;
      const clouds = [motion.source, motion.target].map((rows, time) => ({
        cloud: plane.cloudOf(rows, time),
        time,
      }));
      const ranges = plane.ranges(clouds.map(({ cloud }) => cloud));
      scene.ground({ ranges, names: plane.titles(), clouds });
      key.paint();
      draw(share);
    },
  };
}

function spreadOf(values: Float32Array): { centre: number; spread: number } {
  const centre = values.reduce((sum, x) => sum + x, 0) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - centre) ** 2, 0);
  return { centre, spread: Math.sqrt(squares / values.length) };
}

/** Means and deviations of the moved rows and of the data of their end, as a text: the first two columns. */
export function motionText({ direction, columns, source, target, states }: FitMotion): string {
  const data = direction === "f" ? target : source;
  const last = states[states.length - 1];
  const parts = columns.slice(0, 2).map((name, k) => {
    const [moved, goal] = [last, data].map((rows) => spreadOf(columnOf(rows, k)));
    const words = ({ centre, spread }: typeof moved) =>
      `${shortNumber(centre, 3)} ± ${shortNumber(spread, 3)}`;
    return `${name} ${words(moved)}, in the data ${words(goal)}`;
  });
  return `Moved rows: ${parts.join("; ")}`;
}
