import type { Samples } from "../../bridge/bridge.js";

export type Tones = readonly [number, number];

/** Fields are shown between the least and the largest values of most of their points. */
export function tonesOf(
  type: "vectors" | "pictures" | "fields",
  known: readonly (Samples | null)[],
): Tones {
  if (type === "pictures") return [-1, 1];
  const some = known.flatMap((samples) => (samples ? [...samples.data.subarray(0, 50_000)] : []));
  if (some.length === 0) return [-1, 1];
  const sorted = Float64Array.from(some).sort();
  const at = (q: number) => sorted[Math.round(q * (sorted.length - 1))];
  return [at(0.005), at(0.995)];
}

/** The image at `offset`, on a small canvas; `part` of the way to the image in `next`. */
export function paint(
  canvas: HTMLCanvasElement,
  data: ArrayLike<number>,
  {
    shape,
    tones: [black, white],
    offset = 0,
    next = null,
    part = 0,
  }: {
    shape: readonly number[];
    tones: Tones;
    offset?: number;
    next?: ArrayLike<number> | null;
    part?: number;
  },
): void {
  const [c = 1, height = 1, width = 1] = shape;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(width, height);
  const size = width * height;
  const level = (channel: number, i: number) => {
    const k = offset + channel * size + i;
    const from = data[k];
    const value = next ? from + part * (next[k] - from) : from;
    return ((value - black) / (white - black)) * 255;
  };
  for (let i = 0; i < size; i++) {
    for (let channel = 0; channel < 3; channel++)
      image.data[4 * i + channel] = level(c === 3 ? channel : 0, i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
