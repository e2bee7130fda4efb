import type { Bridge, Samples } from "../../bridge/bridge.js";
import { fit, type Surface, watch } from "../canvas.js";
import { createJourney, forget, type Place, rowsOf } from "../carried.js";
import { numberField, selectField } from "../controls/fields.js";
import { most } from "../controls/settings.js";
import { h } from "../dom.js";
import { columnOf, type Range, rangeOf, short } from "../numbers.js";
import { type Colours, coloursOf } from "../styles.js";
import { type View, type ViewContext, wayOf } from "../view.js";
import { type Cloud, dots, drawFrame, type Frame, frameOf } from "./frame.js";

export function createPoints(bridge: Bridge, view: ViewContext): View {
  const { samples, ends, settings } = view;
  const { columns, shape } = bridge.info;
  const names = columns ?? Array.from({ length: shape[0] }, (_, k) => `x${k + 1}`);
  const isLine = names.length === 1;
  const plane: [number, number] = [0, isLine ? 0 : 1];
  let clouds: Cloud[] = [];

  const cloudOf = (some: Samples, share: number): Cloud => {
    const y = columnOf(some, plane[1]);
    const time = settings.direction === "f" ? share : 1 - share;
    return [isLine ? y.slice().fill(time) : columnOf(some, plane[0]), y];
  };
  const canvas = h("canvas", {
    role: "img",
    "aria-label": `Particles between ${ends[0]} and ${ends[1]}`,
  });
  const scene = createScene(canvas, view.root);
  const mass = h("p", { class: "note", hidden: !bridge.info.mass });
  const journey = createJourney(bridge, view, {
    draw({ weights: all }, place) {
      const [from, to] = clouds.slice(place.k) as [Cloud, Cloud?];
      const weights = between(all[place.k] ?? null, all[place.k + 1], place);
      if (weights) {
        const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
        mass.textContent = `The area of a particle is its mass. Total mass: ${short(mean)} times the mass at the start.`;
      }
      const now: Cloud = [between(from[0], to?.[0], place), between(from[1], to?.[1], place)];
      scene.draw(now, weights);
    },
    arrived(carried) {
      const { states, steps } = carried;
      const k = states.length - 1;
      clouds.push(cloudOf(states[k], k / steps));
      forget(carried, k);
      // Without samples of the other end the frame follows what arrives.
      if (k === 0 || (k === steps && !samples[wayOf(view).end])) ground();
    },
  });

  const ground = () => {
    const source = samples.f && cloudOf(samples.f, settings.direction === "f" ? 0 : 1);
    const target = samples.b && cloudOf(samples.b, settings.direction === "f" ? 1 : 0);
    const seen = [source, target, clouds[0], clouds.at(-1)].filter((cloud) => cloud != null);
    if (seen.length === 0) return;
    const range = (axis: 0 | 1) => rangeOf(seen.map((cloud) => cloud[axis]));
    scene.ground({
      ranges: [isLine ? [-0.05, 1.05] : range(0), range(1)],
      names: [isLine ? "t" : names[plane[0]], names[plane[1]]],
      source,
      target,
    });
    journey.redraw();
  };
  const restart = () => {
    const { direction, particles } = settings;
    const all = samples[direction];
    if (!all)
      return view.failed(new Error(`there are no samples of ${wayOf(view).from} to start from`));
    const n = all.shape[0];
    clouds = [];
    // Evenly spaced: few particles are of all parts of a file.
    const step = Math.max(1, Math.floor(n / particles));
    const indices = Array.from({ length: particles }, (_, i) => (i * step) % n);
    journey.carry(rowsOf(all, indices), indices);
  };

  const choose = (axis: 0 | 1) =>
    selectField(
      axis === 0 ? "Horizontal" : "Vertical",
      names.map((name, k) => [String(k), name]),
      String(plane[axis]),
      (value) => {
        plane[axis] = Number(value);
        restart();
      },
    );
  const particles = numberField("Particles", settings.particles, most.particles, (value) => {
    settings.particles = value;
    restart();
  });
  const keys = { source: ends[0], target: ends[1], generated: "particles" };
  const key = Object.entries(keys).map(([colour, text]) =>
    h("li", {}, h("i", { class: `c-${colour}` }), text),
  );
  watch(canvas, ground, view.signal);
  const planes = names.length > 2 ? [choose(0), choose(1)] : [];
  return {
    element: h(
      "div",
      {},
      h("div", { class: "bar" }, particles, ...planes),
      journey.clock.element,
      canvas,
      h("ul", { class: "key" }, ...key),
      mass,
    ),
    restart,
    stop: journey.stop,
  };
}

/** A part of the way from a to b; a if there is no b. */
function between<T extends Float32Array | null>(a: T, b: T | undefined, { part }: Place): T {
  if (!a || !b) return a;
  return a.map((value, i) => value + part * (b[i] - value)) as T;
}

interface Ground {
  ranges: readonly [Range, Range];
  names: readonly [string, string];
  source: Cloud | null;
  target: Cloud | null;
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
