import type { Bridge, Samples } from "../../bridge/bridge.js";
import { watch } from "../canvas.js";
import { createJourney, forget, type Place, rowsOf } from "../carried.js";
import { numberField, selectField } from "../controls/fields.js";
import { most } from "../controls/settings.js";
import { h } from "../dom.js";
import { columnOf, rangeOf, short } from "../numbers.js";
import { columnNames, type View, type ViewContext, wayOf } from "../view.js";
import type { Cloud } from "./frame.js";
import { createScene } from "./scene.js";

export function createPoints(bridge: Bridge, view: ViewContext): View {
  const { samples, ends, settings } = view;
  const names = columnNames(bridge);
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
    const range = (axis: 0 | 1) =>
      rangeOf(
        seen.map((cloud) => cloud[axis]),
        { without: 0.002, margin: 0.06 },
      );
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
