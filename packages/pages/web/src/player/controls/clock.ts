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

/** A place on the slider: its position from 0 to 1, and its text. */
export interface TimeTick {
  position: number;
  /** "3" */
  label: string;
  /** "day 3" */
  title: string;
}

/** What a clock draws and shows. */
export interface ClockOptions {
  /** Draws the share of the way, at every frame and after a move. */
  draw(share: number): void;
  /** The time at a share of the way: "day 3.40". */
  timeText(share: number): string;
  /** The times of the datasets of a course (default: none). */
  ticks?: readonly TimeTick[];
}

/** A clock that plays the share of the way, and waits at the last state for later times. */
export function createClock({ draw, timeText, ticks = [] }: ClockOptions): TimeSlider {
  let share = 0;
  let bound = 0;
  /** The share that was asked for by hand; null while it plays. */
  let wanted: number | null = null;
  let direction: Direction = "f";
  const motion = createMotion();
  const loop = createLoop((now) => {
    if (!motion.isPlaying) return false;
    share = motion.advance(share, { bound, now });
    show();
    return true;
  });
  const onSlider = (at: number) => (direction === "f" ? at : 1 - at);
  const face = createFace(ticks, {
    toggle() {
      if (!motion.isPlaying && share >= 1) share = 0;
      play(!motion.isPlaying);
    },
    move(position) {
      play(false);
      wanted = onSlider(position);
      share = Math.min(bound, wanted);
      show();
    },
  });
  const show = () => {
    draw(share);
    const isWaiting = wanted !== null && wanted > bound;
    face.showTime(onSlider(wanted ?? share), timeText(share), isWaiting);
  };
  const play = (isOn: boolean) => {
    wanted = null;
    motion.play(isOn);
    face.showPlaying(isOn);
    if (isOn) loop.start();
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
      if (wanted !== null) share = Math.min(bound, wanted);
      if (!motion.isPlaying) show();
    },
    stop: loop.stop,
  };
}

/** Calls `step` at every frame as long as it returns true. */
function createLoop(step: (now: number) => boolean) {
  let frame = 0;
  const tick = (now: number) => {
    frame = 0;
    if (step(now)) start();
  };
  const start = () => {
    if (frame === 0) frame = requestAnimationFrame(tick);
  };
  return {
    start,
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

/** The button, the slider and the ticks of a clock. */
function createFace(
  ticks: readonly TimeTick[],
  { toggle, move }: { toggle: () => void; move: (position: number) => void },
) {
  const button = h("button", { type: "button", class: "play" });
  const slider = h("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.001,
    value: 0,
    "aria-label": "Time",
  });
  const output = h("span", { class: "time", "aria-hidden": "true" });
  listen(button, { click: toggle });
  listen(slider, { input: () => move(slider.valueAsNumber) });
  const marks = ticks.map(({ position, label, title }) => {
    const mark = h("button", { type: "button", title: `Go to ${title}` }, label);
    mark.style.left = `calc(.5rem + ${position} * (100% - 1rem))`;
    return listen(mark, { click: () => move(position) });
  });
  const scale = marks.length > 0 ? [h("div", { class: "ticks" }, ...marks)] : [];
  return {
    element: h(
      "div",
      { class: "clock" },
      button,
      h("div", { class: "track" }, slider, ...scale),
      output,
    ),
    showPlaying(isPlaying: boolean) {
      button.textContent = isPlaying ? "Pause" : "Play";
    },
    /** `position` of the slider, from 0 to 1, and the text of the time; an ellipsis while the position is computed. */
    showTime(position: number, time: string, isWaiting: boolean) {
      slider.value = String(position);
      const text = isWaiting ? `${time} …` : time;
      if (output.textContent === text) return;
      output.textContent = text;
      output.classList.toggle("waiting", isWaiting);
      slider.setAttribute("aria-valuetext", isWaiting ? `${time}, waiting` : time);
    },
  };
}
