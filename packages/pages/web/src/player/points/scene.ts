// The frame is drawn once; before it particles.
import { fit, type Surface } from "../canvas.js";
import type { Range } from "../numbers.js";
import { type Colours, coloursOf } from "../styles.js";
import { type Cloud, dots, drawFrame, type Frame, frameOf } from "./frame.js";

interface Ground {
  ranges: readonly [Range, Range];
  names: readonly [string, string];
  source: Cloud | null;
  target: Cloud | null;
}

export interface Scene {
  ground(what: Ground): void;
  draw(particles: Cloud, weights: Float32Array | null): void;
}

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
      const own = still.getContext("2d");
      if (!own) return;
      own.setTransform(context.getTransform());
      drawFrame(own, frame, { ...what, colours });
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
