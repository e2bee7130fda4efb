// A slider for t, and playing from one endpoint to the other, as far as states exist.
import type { Direction } from "../../solver/grid.js";
import { h, on } from "../dom.js";

const seconds = { crossing: 4, pause: 1.2 };

export interface Clock {
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
): Clock {
  let share = 0;
  let bound = 0;
  let direction: Direction = "f";
  let isPlaying = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  let waited = 0;
  let before = 0;
  let frame = 0;
  const button = h("button", { type: "button", class: "play" });
  const slider = h("input", { type: "range", min: 0, max: 1, step: 0.001, value: 0 });
  const output = h("span", { class: "time", "aria-hidden": "true" });
  const time = () => (direction === "f" ? share : 1 - share);
  const show = () => {
    slider.value = String(time());
    draw(share);
    const text = timeAt(share).toFixed(2);
    if (output.textContent === `t = ${text}`) return;
    output.textContent = `t = ${text}`;
    slider.setAttribute("aria-valuetext", `time ${text}`);
  };
  const name = () => {
    button.textContent = isPlaying ? "Pause" : "Play";
  };
  const tick = (now: number) => {
    frame = 0;
    if (!isPlaying) return;
    const passed = Math.min(0.1, Math.max(0, now - before) / 1000);
    before = now;
    if (share >= 1) {
      waited += passed;
      if (waited >= seconds.pause) share = 0;
    } else {
      waited = 0;
      share = Math.min(bound, share + passed / seconds.crossing);
    }
    show();
    next();
  };
  const next = () => {
    if (frame === 0) frame = requestAnimationFrame(tick);
  };
  const play = (isOn: boolean) => {
    isPlaying = isOn;
    before = performance.now();
    name();
    if (isOn) next();
  };
  on(button, {
    click() {
      if (!isPlaying && share >= 1) share = 0;
      play(!isPlaying);
    },
  });
  on(slider, {
    input() {
      play(false);
      const at = slider.valueAsNumber;
      share = Math.min(bound, direction === "f" ? at : 1 - at);
      show();
    },
  });
  name();
  return {
    element: h("div", { class: "clock" }, button, h("label", {}, "Time", slider), output),
    get share() {
      return share;
    },
    restart(way) {
      direction = way;
      [share, bound, waited] = [0, 0, 0];
      play(isPlaying);
      show();
    },
    limit(most) {
      bound = most;
      if (!isPlaying) show();
    },
    stop() {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
}
