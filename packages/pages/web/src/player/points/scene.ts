import { fit, type Surface } from "../canvas.js";
import { h } from "../dom.js";
import type { Range } from "../numbers.js";
import type { Place } from "../sampled-paths.js";
import { type Colours, coloursOf } from "../styles.js";
import {
  type Cloud,
  type DataCloud,
  dots,
  drawFrame,
  type Frame,
  frameOf,
  timeColour,
} from "./frame.js";

/** A part of the way from a to b; a if there is no b. */
export function mix<T extends Float32Array | null>(a: T, b: T | undefined, { part }: Place): T {
  if (!a || !b) return a;
  return a.map((value, i) => value + part * (b[i] - value)) as T;
}

/** The meanings of the colours: names of the data in the order of their times, and the particles. */
export function createKey(names: readonly string[], root: HTMLElement) {
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

/** What lies behind the particles: the frame and the clouds of the data. */
interface Ground {
  ranges: readonly [Range, Range];
  names: readonly [string, string];
  clouds: readonly DataCloud[];
}

/** A canvas with particles before a still background. */
interface Scene {
  ground(what: Ground): void;
  draw(particles: Cloud, weights: Float32Array | null): void;
}

/** Draws particles before the data, in the colours of `root`. */
export function createScene(canvas: HTMLCanvasElement, root: HTMLElement): Scene {
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
