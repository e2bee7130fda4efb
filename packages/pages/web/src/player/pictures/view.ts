import type { Bridge, Samples } from "../../bridge/bridge.js";
import { fit, watch } from "../canvas.js";
import { numberField } from "../controls/fields.js";
import { h, listen } from "../dom.js";
import { createPlayback, type Place, rowsOf, type SampledPaths } from "../sampled-paths.js";
import { type View, type ViewContext, wayOf } from "../view.js";

/** Images of the data that can be chosen, at most. */
const mostThumbnails = 12;
/** Simultaneous runs of one image at first. */
const defaultRuns = 6;

/** Runs of one image, which a row of thumbnails offers. */
export function createPictures(bridge: Bridge, view: ViewContext): View {
  const { samples, settings } = view;
  const { shape, type, random } = bridge.info;
  const frame: ImageFrame = { shape, tones: tonesOf(type, [samples.f, samples.b]) };
  const canvas = h("canvas", { role: "img" });
  const words = h("p", { class: "note", role: "status" });
  let direction = settings.direction;
  let runs = random ? defaultRuns : 1;

  const playback = createPlayback(bridge, view, {
    draw: createGrid(canvas, frame),
    arrived({ states, steps }) {
      const k = states.length - 1;
      const { from, to } = wayOf(view);
      canvas.setAttribute("aria-label", `${runs} runs of an image from ${from} to ${to}`);
      words.textContent =
        k < steps ? `Step ${k} of ${steps} …` : `From ${from} to ${to} in ${steps} steps.`;
    },
  });
  const samplePicture = () => {
    const { start, index } = thumbnails;
    if (!start) return view.lacksStart();
    const n = random && settings.solver === "sde" ? runs : 1;
    const one = { data: start, shape: [1, ...shape] };
    const runsOf = (k: number) => Array.from({ length: n }, () => k);
    playback.sample(rowsOf(one, runsOf(0)), runsOf(index));
  };
  const thumbnails = createThumbnails(view, frame, samplePicture);
  const many = numberField("Runs", runs, 64, (value) => {
    runs = value;
    samplePicture();
  });
  watch(canvas, playback.redraw, view.signal);
  thumbnails.offer();
  const bar = random ? h("div", { class: "bar" }, many) : null;
  const player = h("div", {}, bar, playback.clock.element, canvas, words);
  return {
    element: h("div", { class: "across" }, thumbnails.element, player),
    restart() {
      if (direction !== settings.direction) thumbnails.offer();
      direction = settings.direction;
      samplePicture();
    },
    stop: playback.stop,
  };
}

/** The shape [C, H, W] of images, and their values of black and white. */
interface ImageFrame {
  shape: readonly number[];
  tones: Tones;
}

const sizeOf = ({ shape }: ImageFrame) => shape.reduce((a, b) => a * b, 1);

/** Draws the images of all runs as a grid. */
function createGrid(canvas: HTMLCanvasElement, frame: ImageFrame) {
  const small = document.createElement("canvas");
  return ({ states }: SampledPaths, { k, part }: Place) => {
    const from = states[k];
    const next = states[k + 1]?.data ?? null;
    const count = from.shape[0];
    const across = canvas.clientWidth < 420 ? Math.min(3, count) : Math.min(count, 6);
    const down = Math.ceil(count / across);
    const [, height = 1, width = 1] = frame.shape;
    const cell = Math.min(canvas.clientWidth / across, (280 * width) / height);
    const ratio = (down * cell * (height / width)) / canvas.clientWidth;
    const surface = fit(canvas, { ratio, least: 60 });
    if (!surface) return;
    const { context } = surface;
    context.clearRect(0, 0, surface.width, surface.height);
    context.imageSmoothingEnabled = false;
    for (let i = 0; i < count; i++) {
      paint(small, from.data, { ...frame, offset: i * sizeOf(frame), next, part });
      const x = (i % across) * cell;
      const y = Math.floor(i / across) * cell * (height / width);
      context.drawImage(small, x + 2, y + 2, cell - 4, (cell * height) / width - 4);
    }
  };
}

/** Buttons with images of the data to start from. */
function createThumbnails(view: ViewContext, frame: ImageFrame, chosen: () => void) {
  const { samples, settings } = view;
  const size = sizeOf(frame);
  const element = h("div", { class: "thumbs", role: "group" });
  let start: Float64Array | null = null;
  let index = 0;
  const choose = (all: Samples, k: number) => {
    index = k;
    start = Float64Array.from(all.data.subarray(k * size, (k + 1) * size));
    for (const [i, button] of [...element.children].entries())
      button.setAttribute("aria-pressed", String(i === k));
  };
  const thumbnail = (all: Samples, k: number, name: string) => {
    const canvas = h("canvas");
    paint(canvas, all.data, { ...frame, offset: k * size });
    const label = `Image ${k + 1} of ${name}`;
    return listen(h("button", { type: "button", "aria-label": label }, canvas), {
      click() {
        choose(all, k);
        chosen();
      },
    });
  };
  return {
    element,
    /** The chosen image, flat; null if there are no data. */
    get start() {
      return start;
    },
    get index() {
      return index;
    },
    /** Shows images of the direction's data, and chooses the first. */
    offer() {
      const all = samples[settings.direction];
      const name = wayOf(view).from;
      const n = Math.min(mostThumbnails, all?.shape[0] ?? 0);
      element.setAttribute("aria-label", `Images of ${name}`);
      element.replaceChildren(
        ...Array.from({ length: n }, (_, k) => thumbnail(all as Samples, k, name)),
      );
      start = null;
      if (all && n > 0) choose(all, 0);
    },
  };
}

type Tones = readonly [number, number];

/** Fields are shown between the least and the largest values of most of their points. */
function tonesOf(
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
function paint(
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
  // Only images have the tones −1 … 1: the fourth channel of a field is a variable.
  const hasOpacity = c === 4 && black === -1 && white === 1;
  for (let i = 0; i < size; i++) {
    for (let channel = 0; channel < 3; channel++)
      image.data[4 * i + channel] = level(c === 3 || hasOpacity ? channel : 0, i);
    image.data[4 * i + 3] = hasOpacity ? level(3, i) : 255;
  }
  context.putImageData(image, 0, 0);
}
