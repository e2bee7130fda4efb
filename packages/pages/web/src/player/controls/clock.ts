// A slider for t, and playing from one endpoint to the other, as far as states exist.
import type { Direction } from "../../solver/grid.js";
import { h, listen } from "../dom.js";

const seconds = { crossing: 4, pause: 1.2 };

/** A slider for the time of a playback, with a button that plays it. */
export interface TimeSlider {
  element: HTMLElement;
  /** Share of the way, 0 at the start of the direction. */
  readonly share: number;
  /** Continues to play if it was playing. */
  restart(direction: Direction): void;
  limit(share: number): void;
  stop(): void;
}

/** A clock that calls `draw` with the share of the way at every frame, and after a move; `timeAt` is shown. */
export function createClock(
  draw: (share: number) => void,
  timeAt: (share: number) => number,
): TimeSlider {
  let share = 0;
  let bound = 0;
  let direction: Direction = "f";
  let frame = 0;
  const motion = createMotion();
  const face = createFace({
    toggle() {
      if (!motion.isPlaying && share >= 1) share = 0;
      play(!motion.isPlaying);
    },
    move(time) {
      play(false);
      share = Math.min(bound, direction === "f" ? time : 1 - time);
      show();
    },
  });
  const show = () => {
    draw(share);
    face.showTime(direction === "f" ? share : 1 - share, timeAt(share));
  };
  const tick = (now: number) => {
    frame = 0;
    if (!motion.isPlaying) return;
    share = motion.advance(share, { bound, now });
    show();
    next();
  };
  const next = () => {
    if (frame === 0) frame = requestAnimationFrame(tick);
  };
  const play = (isOn: boolean) => {
    motion.play(isOn);
    face.showPlaying(isOn);
    if (isOn) next();
  };
  face.showPlaying(motion.isPlaying);
  return {
    element: face.element,
    get share() {
      return share;
    },
    restart(way) {
      direction = way;
      [share, bound] = [0, 0];
      motion.rest();
      play(motion.isPlaying);
      show();
    },
    limit(most) {
      bound = most;
      if (!motion.isPlaying) show();
    },
    stop() {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}

/** The share of the way while time passes: a crossing, a pause at its end, and again from the start. */
function createMotion() {
  let isPlaying = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  let waited = 0;
  let before = 0;
  return {
    get isPlaying() {
      return isPlaying;
    },
    play(isOn: boolean) {
      isPlaying = isOn;
      before = performance.now();
    },
    rest() {
      waited = 0;
    },
    /** The share after the time since the last frame; at most `bound`. */
    advance(share: number, { bound, now }: { bound: number; now: number }): number {
      const passed = Math.min(0.1, Math.max(0, now - before) / 1000);
      before = now;
      if (share < 1) {
        waited = 0;
        return Math.min(bound, share + passed / seconds.crossing);
      }
      waited += passed;
      return waited >= seconds.pause ? 0 : share;
    },
  };
}

/** The button and the slider of a clock. */
function createFace({ toggle, move }: { toggle: () => void; move: (time: number) => void }) {
  const button = h("button", { type: "button", class: "play" });
  const slider = h("input", { type: "range", min: 0, max: 1, step: 0.001, value: 0 });
  const output = h("span", { class: "time", "aria-hidden": "true" });
  listen(button, { click: toggle });
  listen(slider, { input: () => move(slider.valueAsNumber) });
  return {
    element: h("div", { class: "clock" }, button, h("label", {}, "Time", slider), output),
    showPlaying(isPlaying: boolean) {
      button.textContent = isPlaying ? "Pause" : "Play";
    },
    /** `position` of the slider, from 0 to 1, and the text of the process time. */
    showTime(position: number, time: number) {
      slider.value = String(position);
      const text = time.toFixed(2);
      if (output.textContent === `t = ${text}`) return;
      output.textContent = `t = ${text}`;
      slider.setAttribute("aria-valuetext", `time ${text}`);
    },
  };
}
