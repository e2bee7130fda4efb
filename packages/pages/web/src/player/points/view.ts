import type { Bridge, Samples } from "../../bridge/bridge.js";
import { watch } from "../canvas.js";
import { type Carried, createJourney, forget, type Place, rowsOf } from "../carried.js";
import { numberField, selectField } from "../controls/fields.js";
import { most } from "../controls/settings.js";
import { h } from "../dom.js";
import { momentsText, rangeOf, short } from "../numbers.js";
import { columnNames, type View, type ViewContext, wayOf } from "../view.js";
import { createBrush } from "./brush.js";
import type { Cloud } from "./frame.js";
import { coordinatesOf } from "./planes.js";
import { createScene } from "./scene.js";

const mostNumbers = 2e7;

export function createPoints(bridge: Bridge, view: ViewContext): View {
  const { samples, ends, settings } = view;
  const names = columnNames(bridge);
  const coordinates = coordinatesOf(names, samples);
  const isLine = names.length === 1;
  const plane: [number, number] = [0, isLine ? 0 : 1];
  let clouds: Cloud[] = [];
  let group: Uint8Array | null = null;
  let groupAt = 0;
  let started = settings.direction;

  const cloudOf = (some: Samples, share: number): Cloud => {
    const y = coordinates[plane[1]]?.of(some) as Float32Array;
    const time = settings.direction === "f" ? share : 1 - share;
    const x = isLine ? y.slice().fill(time) : (coordinates[plane[0]]?.of(some) as Float32Array);
    return [x, y];
  };
  const at = ({ k, part }: Place): Cloud => {
    const from = clouds[k] as Cloud;
    const to = clouds[k + 1];
    return to ? [mixed(from[0], to[0], part), mixed(from[1], to[1], part)] : from;
  };

  const hint =
    "Drag over points to follow a group; with the keyboard, arrows move the rectangle, Shift and arrows change its size, Escape takes it away.";
  const canvas = h("canvas", {
    class: "plane",
    tabindex: 0,
    role: "application",
    "aria-label": `Particles between ${ends[0]} and ${ends[1]}. ${hint}`,
  });
  const words = h("p", { role: "status" });
  const scene = createScene(canvas, view.root);
  const mass = h("p", { class: "note", hidden: !bridge.info.mass });
  let now: Cloud | null = null;
  const journey = createJourney(bridge, view, {
    draw({ weights: all }, place) {
      now = at(place);
      const weights = weightsAt(all, place);
      if (weights) {
        const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
        mass.textContent = `The area of a particle is its mass. Total mass: ${short(mean)} times the mass at the start.`;
      }
      const path = group ? [...clouds.slice(0, place.k + 1), now] : [];
      const isThere = Math.abs(journey.clock.share - groupAt) < 0.005;
      scene.draw({ now, weights, group, path, box: isThere ? brush.box : null });
    },
    arrived(carried) {
      const { states, steps } = carried;
      const k = states.length - 1;
      const state = states[k] as Samples;
      clouds.push(cloudOf(state, k / steps));
      if (state.data.length * steps > mostNumbers) forget(carried, k);
      // Without samples of the other end the frame follows what arrives.
      if (k === 0 || (k === steps && !samples[wayOf(view).end])) ground();
      if (k === steps) describe();
    },
  });
  const describe = () => {
    const { carried } = journey;
    if (!group || !carried || clouds.length === 0) {
      words.textContent = hint;
      return;
    }
    const followed = group;
    const chosen = followed.reduce((sum, is) => sum + is, 0);
    const { from, to } = wayOf(view);
    const textOf = (cloud: Cloud, axis: number) =>
      momentsText((cloud[axis] as Float32Array).filter((_, i) => followed[i] === 1));
    const whole = clouds.length > carried.steps;
    const parts = (isLine ? [1] : [0, 1]).map((axis) => {
      const end = whole ? ` → ${textOf(clouds.at(-1) as Cloud, axis)}` : "";
      return `${coordinates[plane[axis] as number]?.name} ${textOf(clouds[0] as Cloud, axis)}${end}`;
    });
    words.textContent = `${chosen} of ${group.length} followed from ${from} to ${to}: ${parts.join("; ")} (mean ± standard deviation).`;
  };
  const brush = createBrush(canvas, {
    frame: () => scene.frame,
    held: (is) => journey.clock.hold(is),
    changed(box) {
      const { frame } = scene;
      if (!now || !frame) return;
      const [xs, ys] = now;
      const isIn = (_: unknown, i: number) => {
        const x = frame.x(xs[i] as number);
        const y = frame.y(ys[i] as number);
        return box !== null && x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1 ? 1 : 0;
      };
      group = box && Uint8Array.from(xs, isIn);
      groupAt = journey.clock.share;
      describe();
      journey.redraw();
    },
  });

  const ground = () => {
    const source = samples.f && cloudOf(samples.f, settings.direction === "f" ? 0 : 1);
    const target = samples.b && cloudOf(samples.b, settings.direction === "f" ? 1 : 0);
    const seen = [source, target, clouds[0], clouds.at(-1)].filter((cloud) => cloud != null);
    if (seen.length === 0) return;
    const name = (k: number) => coordinates[k]?.name ?? "";
    const range = (axis: 0 | 1) =>
      rangeOf(
        seen.map((cloud) => cloud[axis]),
        { without: 0.002, margin: 0.06 },
      );
    scene.ground({
      ranges: [isLine ? [-0.05, 1.05] : range(0), range(1)],
      names: [isLine ? "t" : name(plane[0]), name(plane[1])],
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
    const n = all.shape[0] as number;
    clouds = [];
    if (group?.length !== particles || direction !== started) group = null;
    started = direction;
    brush.hide();
    describe();
    // Evenly spaced: few particles are of all parts of a file.
    const step = Math.max(1, Math.floor(n / particles));
    const indices = Array.from({ length: particles }, (_, i) => (i * step) % n);
    journey.carry(rowsOf(all, indices), indices);
  };

  const choose = (axis: 0 | 1) =>
    selectField(
      axis === 0 ? "Horizontal" : "Vertical",
      coordinates.map(({ name }, k) => [String(k), name]),
      String(plane[axis]),
      (value) => {
        plane[axis] = Number(value);
        const { states = [], steps = 1 } = journey.carried ?? {};
        if (states.some(({ data }) => data.length === 0)) return restart();
        clouds = states.map((state, k) => cloudOf(state, k / steps));
        brush.hide();
        ground();
      },
    );
  const particles = numberField("Particles", settings.particles, most.particles, (value) => {
    settings.particles = value;
    restart();
  });
  const keys = {
    source: ends[0],
    target: ends[1],
    generated: "particles",
    brushed: "the followed group",
  };
  const key = Object.entries(keys).map(([colour, text]) =>
    h("li", {}, h("i", { class: `c-${colour}` }), text),
  );
  watch(canvas, ground, view.signal);
  describe();
  const planes = coordinates.length > 2 ? [choose(0), choose(1)] : [];
  return {
    element: h(
      "div",
      {},
      h("div", { class: "bar" }, particles, ...planes),
      journey.clock.element,
      canvas,
      h("ul", { class: "key" }, ...key),
      mass,
      words,
    ),
    restart,
    stop: journey.stop,
  };
}

function weightsAt(all: Carried["weights"], { k, part }: Place): Float32Array | null {
  const from = all[k] ?? null;
  const to = all[k + 1];
  return from && to ? mixed(from, to, part) : from;
}

function mixed(a: Float32Array, b: Float32Array, part: number): Float32Array {
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i++)
    out[i] = (a[i] as number) + part * ((b[i] as number) - (a[i] as number));
  return out;
}
