import type { Bridge, Samples } from "../../bridge/bridge.js";
import { fit, type Surface, watch } from "../canvas.js";
import { numberField, selectField } from "../controls/fields.js";
import { settingLimits } from "../controls/settings.js";
import { h } from "../dom.js";
import { columnOf, type Range, rangeOf, shortNumber } from "../numbers.js";
import { createPlayback, forget, type Place, rowsOf, timeTitle } from "../sampled-paths.js";
import { type Colours, coloursOf } from "../styles.js";
import { type View, type ViewContext, wayOf } from "../view.js";
import {
  type Cloud,
  type DataCloud,
  dots,
  drawFrame,
  type Frame,
  frameOf,
  timeColour,
} from "./frame.js";

/** Particles in a plane of two columns; of one column, over time. */
export function createPoints(bridge: Bridge, view: ViewContext): View {
  const { samples, ends, settings } = view;
  const plane = createPlane(bridge);
  let clouds: Cloud[] = [];
  const canvas = h("canvas", {
    role: "img",
    "aria-label": `Particles between ${ends[0]} and ${ends[1]}`,
  });
  const scene = createScene(canvas, view.root);
  const key = createKey(bridge, view);
  const mass = h("p", { class: "note", hidden: !bridge.info.mass });
  const timeOf = (share: number) => (settings.direction === "f" ? share : 1 - share);
  const playback = createPlayback(bridge, view, {
    draw({ weights: all }, place) {
      const [from, to] = clouds.slice(place.k) as [Cloud, Cloud?];
      const weights = mix(all[place.k] ?? null, all[place.k + 1], place);
      if (weights) mass.textContent = massNote(weights);
      scene.draw([mix(from[0], to?.[0], place), mix(from[1], to?.[1], place)], weights);
    },
    arrived(paths) {
      const { states, steps } = paths;
      const k = states.length - 1;
      clouds.push(plane.cloudOf(states[k], timeOf(k / steps)));
      forget(paths, k);
      // Without samples of the other end the frame follows what arrives.
      if (k === 0 || (k === steps && !samples[wayOf(view).end])) ground();
    },
  });
  const ground = () => {
    const data = dataClouds(view, plane);
    const arrived = [clouds[0], clouds.at(-1)].filter((cloud) => cloud !== undefined);
    const seen = [...data.map(({ cloud }) => cloud), ...arrived];
    if (seen.length === 0) return;
    scene.ground({ ranges: plane.ranges(seen), names: plane.titles(), clouds: data });
    key.paint();
    playback.redraw();
  };
  const restart = () => {
    const { direction, particles } = settings;
    const all = samples[direction];
    if (!all)
      return view.failed(new Error(`there are no samples of ${wayOf(view).from} to start from`));
    clouds = [];
    const indices = spacedIndices(all.shape[0], particles);
    playback.sample(rowsOf(all, indices), indices);
  };
  watch(canvas, ground, view.signal);
  const bar = h("div", { class: "bar" }, particlesField(view, restart), ...plane.fields(restart));
  return {
    element: h("div", {}, bar, playback.clock.element, canvas, key.element, mass),
    restart,
    stop: playback.stop,
  };
}

function particlesField({ settings }: ViewContext, restart: () => void): HTMLElement {
  return numberField("Particles", settings.particles, settingLimits.particles, (value) => {
    settings.particles = value;
    restart();
  });
}

/** The data of source, target and the times between, at their shares of the slider. */
function dataClouds(
  { samples, between }: ViewContext,
  plane: ReturnType<typeof createPlane>,
): DataCloud[] {
  const all = [samples.f, ...between, samples.b];
  return all.flatMap((some, i) => {
    const time = i / (all.length - 1);
    return some ? [{ cloud: plane.cloudOf(some, time), time }] : [];
  });
}

/** The two columns that are shown, and the fields that choose them. */
function createPlane({ info: { columns, shape } }: Bridge) {
  const names = columns ?? Array.from({ length: shape[0] }, (_, k) => `x${k + 1}`);
  const isLine = names.length === 1;
  const axes: [number, number] = [0, isLine ? 0 : 1];
  const field = (axis: 0 | 1, changed: () => void) =>
    selectField(
      axis === 0 ? "Horizontal" : "Vertical",
      names.map((name, k) => [String(k), name]),
      String(axes[axis]),
      (value) => {
        axes[axis] = Number(value);
        changed();
      },
    );
  return {
    cloudOf(some: Samples, time: number): Cloud {
      const y = columnOf(some, axes[1]);
      return [isLine ? y.slice().fill(time) : columnOf(some, axes[0]), y];
    },
    titles: (): [string, string] => [isLine ? "t" : names[axes[0]], names[axes[1]]],
    /** Frames all clouds. */
    ranges(clouds: readonly Cloud[]): [Range, Range] {
      const range = (axis: 0 | 1) => rangeOf(clouds.map((cloud) => cloud[axis]));
      return [isLine ? [-0.05, 1.05] : range(0), range(1)];
    },
    /** None for two columns or one. */
    fields: (changed: () => void) =>
      names.length > 2 ? [field(0, changed), field(1, changed)] : [],
  };
}

/** Evenly spaced: few particles are of all parts of a file. */
function spacedIndices(n: number, count: number): number[] {
  const step = Math.max(1, Math.floor(n / count));
  return Array.from({ length: count }, (_, i) => (i * step) % n);
}

/** The meanings of the colours: of source and target, or of the times of a course, and of the particles. */
function createKey({ info }: Bridge, { ends, between, root }: ViewContext) {
  const { times } = info;
  const hasTimes = times !== null && times.labels.length === between.length + 2;
  const names = hasTimes ? times.labels.map((label) => timeTitle(times, label)) : ends;
  const marks = names.map(() => h("i", {}));
  const items = names.map((text, i) => h("li", {}, marks[i] as Node, text));
  const particles = h("li", {}, h("i", { class: "c-generated" }), "particles");
  return {
    element: h("ul", { class: "key" }, ...items, particles),
    /** Takes the colours of the theme. */
    paint() {
      const colours = coloursOf(root);
      for (const [i, mark] of marks.entries())
        mark.style.color = timeColour(colours, i / (marks.length - 1));
    },
  };
}

function massNote(weights: Float32Array): string {
  const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
  return `The area of a particle is its mass. Total mass: ${shortNumber(mean)} times the mass at the start.`;
}

/** A part of the way from a to b; a if there is no b. */
function mix<T extends Float32Array | null>(a: T, b: T | undefined, { part }: Place): T {
  if (!a || !b) return a;
  return a.map((value, i) => value + part * (b[i] - value)) as T;
}

interface Ground {
  ranges: readonly [Range, Range];
  names: readonly [string, string];
  clouds: readonly DataCloud[];
}

interface Scene {
  ground(what: Ground): void;
  draw(particles: Cloud, weights: Float32Array | null): void;
}

function createScene(canvas: HTMLCanvasElement, root: HTMLElement): Scene {
  let surface: Surface | null = null;
  let frame: Frame | null = null;
  let colours: Colours = coloursOf(root);
  const still = document.createElement("canvas");
  return {
    ground(what) {
      surface = fit(canvas, { ratio: canvas.clientWidth < 560 ? 0.9 : 0.58 });
      if (!surface) return;
      const { width, height, context } = surface;
      colours = coloursOf(root);
      frame = frameOf(width, height, what.ranges);
      [still.width, still.height] = [canvas.width, canvas.height];
      const background = still.getContext("2d");
      if (!background) return;
      background.setTransform(context.getTransform());
      drawFrame(background, frame, { ...what, colours });
    },
    draw(particles, weights) {
      if (!surface || !frame) return;
      const { context, width, height } = surface;
      context.clearRect(0, 0, width, height);
      context.drawImage(still, 0, 0, width, height);
      context.globalAlpha = 0.85;
      const size = particles[0].length > 3000 ? 2.5 : 3.5;
      dots(context, frame, particles, { colour: colours.generated, size, weights });
      context.globalAlpha = 1;
    },
  };
}
