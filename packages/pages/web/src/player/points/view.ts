import { shortNumber } from "@dsbm/files/numbers";
import type { Bridge } from "../../bridge/bridge.js";
import { watch } from "../canvas.js";
import { numberField } from "../controls/fields.js";
import { settingLimits } from "../controls/settings.js";
import { h } from "../dom.js";
import { createPlayback, forget, rowsOf, timeTitle } from "../sampled-paths.js";
import { type View, type ViewContext, wayOf } from "../view.js";
import type { Cloud, DataCloud } from "./frame.js";
import { createPlane } from "./plane.js";
import { createKey, createScene, mix } from "./scene.js";

/** Particles in a plane of two columns; of one column, over time. */
export function createPoints(bridge: Bridge, view: ViewContext): View {
  const { samples, ends, settings } = view;
  const plane = createPlane(columnNames(bridge));
  let clouds: Cloud[] = [];
  const canvas = h("canvas", {
    role: "img",
    "aria-label": `Particles between ${ends[0]} and ${ends[1]}`,
  });
  const scene = createScene(canvas, view.root);
  const key = createKey(dataNames(bridge, view), view.root);
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
    if (!all) return view.lacksStart();
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

/** Evenly spaced: few particles are of all parts of a file. */
function spacedIndices(n: number, count: number): number[] {
  const step = Math.max(1, Math.floor(n / count));
  return Array.from({ length: count }, (_, i) => (i * step) % n);
}

/** The columns of the samples; x1, x2, … without names. */
const columnNames = ({ info: { columns, shape } }: Bridge): readonly string[] =>
  columns ?? Array.from({ length: shape[0] }, (_, k) => `column ${k + 1}`);

/** The names of source and target, or of the times of a course. */
function dataNames({ info: { times } }: Bridge, { ends, between }: ViewContext): readonly string[] {
  const hasTimes = times !== null && times.labels.length === between.length + 2;
  return hasTimes ? times.labels.map((label) => timeTitle(times, label)) : ends;
}

function massNote(weights: Float32Array): string {
  const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
  return `The area of a particle is its mass. Total mass: ${shortNumber(mean, 3)} times the mass at the start.`;
}
