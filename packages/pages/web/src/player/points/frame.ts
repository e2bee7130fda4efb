// The range of the coordinates, axes, and both ends as faint points.
import { shortNumber } from "@dsbm/files/numbers";
import type { Range } from "../numbers.js";
import type { Colours } from "../styles.js";

/** A rectangle of a canvas, and the pixels of values. */
export interface Frame {
  x(value: number): number;
  y(value: number): number;
  left: number;
  right: number;
  top: number;
  bottom: number;
  ranges: readonly [Range, Range];
}

/** The frame of a canvas for ranges of values. */
export function frameOf(width: number, height: number, ranges: Frame["ranges"]): Frame {
  const [[x0, x1], [y0, y1]] = ranges;
  const left = 46;
  const right = width - 10;
  const top = 10;
  const bottom = height - 34;
  return {
    left,
    right,
    top,
    bottom,
    ranges,
    x: (value) => left + ((value - x0) / (x1 - x0)) * (right - left),
    y: (value) => bottom - ((value - y0) / (y1 - y0)) * (bottom - top),
  };
}

function ticks([low, high]: Range, count: number): number[] {
  const raw = (high - low) / (Math.max(1, count) + 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((m) => m * power >= raw) ?? 10) * power;
  const first = Math.ceil(low / step);
  return Array.from(
    { length: Math.max(0, Math.floor(high / step) - first + 1) },
    (_, i) => (first + i) * step,
  );
}

/** Horizontal and vertical values [n] of points. */
export type Cloud = readonly [Float32Array, Float32Array];

/** The data of a time of the course: 0 at the source, 1 at the target. */
export interface DataCloud {
  cloud: Cloud;
  time: number;
}

/** A colour between source and target. */
export function timeColour({ source, target }: Colours, time: number): string {
  const numbers = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number);
  const to = numbers(target);
  const mixed = numbers(source).map((level, i) => Math.round(level + time * (to[i] - level)));
  return `rgb(${mixed.slice(0, 3).join(", ")})`;
}

/** Draws axes, names and the clouds of the data. */
export function drawFrame(
  context: CanvasRenderingContext2D,
  frame: Frame,
  {
    names,
    colours,
    clouds,
  }: {
    names: readonly [string, string];
    colours: Colours;
    clouds: readonly DataCloud[];
  },
): void {
  const { left, right, top, bottom, ranges } = frame;
  context.font = '12px system-ui, "DejaVu Sans", sans-serif';
  context.lineWidth = 1;
  context.strokeStyle = colours.rule;
  context.fillStyle = colours.faint;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.globalAlpha = 1;
  const rule = (x0: number, y0: number, x1: number, y1: number) => {
    context.globalAlpha = 0.5;
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
    context.globalAlpha = 1;
  };
  for (const value of ticks(ranges[1], (bottom - top) / 70)) {
    const y = Math.round(frame.y(value)) + 0.5;
    rule(left, y, right, y);
    context.fillText(shortNumber(value, 6), left - 6, y);
  }
  context.textAlign = "center";
  for (const value of ticks(ranges[0], (right - left) / 90)) {
    const x = Math.round(frame.x(value)) + 0.5;
    rule(x, top, x, bottom);
    context.fillText(shortNumber(value, 6), x, bottom + 11);
  }
  context.textAlign = "right";
  context.fillText(names[0], right, bottom + 25, right - left);
  context.textAlign = "left";
  context.fillText(names[1], left + 4, top + 8, right - left);
  context.globalAlpha = 0.45;
  for (const { cloud, time } of clouds)
    dots(context, frame, cloud, { colour: timeColour(colours, time), size: sizeOf(cloud) });
  context.globalAlpha = 1;
}

const largestDot = 5;

const sizeOf = ([xs]: Cloud) => (xs.length < 300 ? 4 : xs.length < 1500 ? 3 : 2);

/** Squares at the points in the frame, of areas by weight. */
export function dots(
  context: CanvasRenderingContext2D,
  frame: Frame,
  [xs, ys]: Cloud,
  {
    colour,
    size,
    weights,
  }: {
    colour: string;
    size: number;
    weights?: Float32Array | null;
  },
): void {
  const { left, right, top, bottom } = frame;
  context.fillStyle = colour;
  for (let i = 0; i < xs.length; i++) {
    const x = frame.x(xs[i]);
    const y = frame.y(ys[i]);
    if (x < left || x > right || y < top || y > bottom) continue;
    const side = size * Math.min(largestDot, Math.sqrt(weights?.[i] ?? 1));
    context.fillRect(x - side / 2, y - side / 2, side, side);
  }
}
