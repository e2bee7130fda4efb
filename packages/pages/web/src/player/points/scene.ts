// The frame is drawn once; before it particles, paths of a group and the brush.
import { fit, type Surface } from "../canvas.js";
import type { Range } from "../numbers.js";
import { type Colours, coloursOf } from "../styles.js";
import type { Box } from "./brush.js";
import { type Cloud, dots, drawFrame, type Frame, frameOf } from "./frame.js";

interface Ground {
  ranges: readonly [Range, Range];
  names: readonly [string, string];
  source: Cloud | null;
  target: Cloud | null;
}

export interface Scene {
  readonly frame: Frame | null;
  ground(what: Ground): void;
  draw(moving: Moving): void;
}

interface Moving {
  now: Cloud;
  weights: Float32Array | null;
  group: Uint8Array | null;
  path: readonly Cloud[];
  box: Box | null;
}

const lines = 150;

export function createScene(canvas: HTMLCanvasElement, root: HTMLElement): Scene {
  let surface: Surface | null = null;
  let frame: Frame | null = null;
  let colours: Colours = coloursOf(root);
  const still = document.createElement("canvas");
  return {
    get frame() {
      return frame;
    },
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
    draw({ now, weights, group, path, box }) {
      if (!surface || !frame) return;
      const { context, width, height } = surface;
      context.clearRect(0, 0, width, height);
      context.drawImage(still, 0, 0, width, height);
      const size = now[0].length > 3000 ? 2.5 : 3.5;
      if (!group) {
        context.globalAlpha = 0.85;
        dots(context, frame, now, { colour: colours.generated, size, weights });
        context.globalAlpha = 1;
        return;
      }
      context.globalAlpha = 0.3;
      dots(context, frame, now, {
        colour: colours.generated,
        size,
        weights,
        only: { of: group, is: 0 },
      });
      drawPaths(context, frame, { path, group, colour: colours.brushed });
      context.globalAlpha = 1;
      dots(context, frame, now, {
        colour: colours.brushed,
        size: size + 1,
        weights,
        only: { of: group, is: 1 },
      });
      if (!box) return;
      context.strokeStyle = colours.brushed;
      context.setLineDash([5, 4]);
      context.strokeRect(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
      context.setLineDash([]);
    },
  };
}

function drawPaths(
  context: CanvasRenderingContext2D,
  frame: Frame,
  { path, group, colour }: { path: readonly Cloud[]; group: Uint8Array; colour: string },
): void {
  context.globalAlpha = 0.35;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  let drawn = 0;
  for (let i = 0; i < group.length && drawn < lines; i++) {
    if (group[i] === 0) continue;
    drawn++;
    context.beginPath();
    for (const [xs, ys] of path) context.lineTo(frame.x(xs[i] as number), frame.y(ys[i] as number));
    context.stroke();
  }
}
