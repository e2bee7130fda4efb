// Particles on their way, in a plane: two columns, two principal components, or one column over time.
import type { Bridge, Samples } from "../../bridge/bridge.js";
import { watch } from "../canvas.js";
import { type Carried, createCarrier, forget, rowsOf, stateAt } from "../carried.js";
import { createClock } from "../controls/clock.js";
import { numberField, selectField } from "../controls/fields.js";
import { most } from "../controls/settings.js";
import { h, short } from "../dom.js";
import type { View, ViewContext } from "../view.js";
import { createBrush } from "./brush.js";
import { type Cloud, rangeOf } from "./frame.js";
import { coordinatesOf } from "./planes.js";
import { createScene } from "./scene.js";

const mostNumbers = 2e7;

export function createPoints(bridge: Bridge, view: ViewContext): View {
  const { samples, ends, settings } = view;
  const { columns, shape } = bridge.info;
  const names = columns ?? Array.from({ length: shape[0] ?? 0 }, (_, k) => `x${k + 1}`);
  const known = [samples.f, samples.b].filter((some) => some !== null);
  const coordinates = coordinatesOf(names, known);
  const isLine = names.length === 1;
  const plane: [number, number] = [0, isLine ? 0 : 1];
  let carried: Carried | null = null;
  let clouds: Cloud[] = [];
  let group: Uint8Array | null = null;
  let groupAt = 0;
  let started = settings.direction;

  const cloudOf = (some: Samples, time: number): Cloud => {
    const y = coordinates[plane[1]]?.of(some) as Float32Array;
    const x = isLine ? y.slice().fill(time) : (coordinates[plane[0]]?.of(some) as Float32Array);
    return [x, y];
  };
  const timeOf = (share: number) => (settings.direction === "f" ? share : 1 - share);
  const now = (share: number): Cloud | null => {
    if (!carried || clouds.length === 0) return null;
    const { k, part } = stateAt(carried, share);
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

  const paint = (share: number) => {
    const cloud = now(share);
    if (!cloud || !carried) return;
    const path = group ? [...clouds.slice(0, stateAt(carried, share).k + 1), cloud] : [];
    const isThere = Math.abs(share - groupAt) < 0.005;
    scene.draw({ now: cloud, group, path, box: isThere ? brush.box : null });
  };
  const clock = createClock(paint);
  const describe = () => {
    if (!group || !carried || clouds.length === 0) {
      words.textContent = hint;
      return;
    }
    const chosen = Array.from(group).reduce((sum, is) => sum + is, 0);
    const [from, to] = settings.direction === "f" ? ends : [ends[1], ends[0]];
    const whole = clouds.length > carried.steps;
    const axes = isLine ? [plane[1]] : plane;
    const parts = axes.map((k) => {
      const axis = isLine || k === plane[1] ? 1 : 0;
      const start = moments((clouds[0] as Cloud)[axis], group as Uint8Array);
      const end = whole ? ` → ${moments((clouds.at(-1) as Cloud)[axis], group as Uint8Array)}` : "";
      return `${coordinates[k]?.name} ${start}${end}`;
    });
    words.textContent = `${chosen} of ${group.length} followed from ${from} to ${to}: ${parts.join("; ")} (mean ± standard deviation).`;
  };
  const brush = createBrush(canvas, {
    frame: () => scene.frame,
    held: (is) => clock.hold(is),
    changed(box) {
      const cloud = now(clock.share);
      const { frame } = scene;
      if (!cloud || !frame) return;
      const [xs, ys] = cloud;
      const isIn = (_: unknown, i: number) => {
        const x = frame.x(xs[i] as number);
        const y = frame.y(ys[i] as number);
        return box !== null && x >= box.x0 && x <= box.x1 && y >= box.y0 && y <= box.y1 ? 1 : 0;
      };
      group = box && Uint8Array.from(xs, isIn);
      groupAt = clock.share;
      describe();
      paint(clock.share);
    },
  });

  const ground = () => {
    const ends = (["f", "b"] as const).map((d) => {
      const own = samples[d];
      return own && cloudOf(own, d === "f" ? 0 : 1);
    });
    const seen = [...ends, clouds[0] ?? null].filter((cloud) => cloud !== null);
    if (seen.length === 0) return;
    const name = (k: number) => coordinates[k]?.name ?? "";
    scene.ground({
      ranges: [
        isLine ? [-0.05, 1.05] : rangeOf(seen.map(([x]) => x)),
        rangeOf(seen.map(([, y]) => y)),
      ],
      names: [isLine ? "t" : name(plane[0]), name(plane[1])],
      source: ends[0] ?? null,
      target: ends[1] ?? null,
    });
    paint(clock.share);
  };
  const carrier = createCarrier(bridge, view, (next) => {
    carried = next;
    const k = next.states.length - 1;
    const state = next.states[k] as Samples;
    clouds.push(cloudOf(state, timeOf(k / next.steps)));
    if (state.data.length * next.steps > mostNumbers) forget(next, k);
    if (clouds.length === 1) ground();
    clock.limit((clouds.length - 1) / next.steps);
    if (clouds.length > next.steps) describe();
  });
  const restart = () => {
    const { direction, particles } = settings;
    const all = samples[direction];
    if (!all)
      return view.failed(
        new Error(`there are no samples of ${direction === "f" ? ends[0] : ends[1]} to start from`),
      );
    const n = all.shape[0] as number;
    clouds = [];
    carried = null;
    if (group?.length !== particles || direction !== started) group = null;
    started = direction;
    brush.hide();
    describe();
    clock.restart(direction);
    const indices = Array.from({ length: particles }, (_, i) => (i * step(n, particles)) % n);
    carrier.carry(rowsOf(all, indices), indices);
  };

  const choose = (axis: 0 | 1) =>
    selectField(
      axis === 0 ? "Horizontal" : "Vertical",
      coordinates.map(({ name }, k) => [String(k), name]),
      String(plane[axis]),
      (value) => {
        plane[axis] = Number(value);
        const { states = [], steps = 1 } = carried ?? {};
        if (states.some(({ data }) => data.length === 0)) return restart();
        clouds = states.map((state, k) => cloudOf(state, timeOf(k / steps)));
        brush.hide();
        ground();
      },
    );
  const particles = numberField("Particles", settings.particles, most.particles, (value) => {
    settings.particles = value;
    view.changed();
    restart();
  });
  const key = h(
    "ul",
    { class: "key" },
    h("li", {}, h("i", { class: "c-source" }), ends[0]),
    h("li", {}, h("i", { class: "c-target" }), ends[1]),
    h("li", {}, h("i", { class: "c-generated" }), "particles"),
    h("li", {}, h("i", { class: "c-brushed" }), "the followed group"),
  );
  watch(canvas, ground, view.signal);
  describe();
  return {
    element: h(
      "div",
      {},
      h(
        "div",
        { class: "bar" },
        particles,
        ...(coordinates.length > 2 ? [choose(0), choose(1)] : []),
      ),
      canvas,
      clock.element,
      key,
      words,
    ),
    restart,
    stop() {
      carrier.stop();
      clock.stop();
    },
  };
}

/** Evenly spaced, so that few particles are of all parts of a file. */
const step = (n: number, wanted: number) => Math.max(1, Math.floor(n / wanted));

function mixed(a: Float32Array, b: Float32Array, part: number): Float32Array {
  const out = new Float32Array(a.length);
  for (let i = 0; i < out.length; i++)
    out[i] = (a[i] as number) + part * ((b[i] as number) - (a[i] as number));
  return out;
}

function moments(values: Float32Array, group: Uint8Array): string {
  const own = values.filter((_, i) => group[i] === 1);
  const mean = own.reduce((a, x) => a + x, 0) / own.length;
  const variance = own.reduce((a, x) => a + (x - mean) ** 2, 0) / own.length;
  return own.length > 0 ? `${short(mean)} ± ${short(Math.sqrt(variance))}` : "–";
}
