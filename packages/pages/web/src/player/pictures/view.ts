import type { Bridge, Samples } from "../../bridge/bridge.js";
import { fit, watch } from "../canvas.js";
import { type Carried, createJourney, type Place, rowsOf } from "../carried.js";
import { numberField } from "../controls/fields.js";
import { h, on } from "../dom.js";
import { type View, type ViewContext, wayOf } from "../view.js";

const offered = 12;
const usual = 6;

export function createPictures(bridge: Bridge, view: ViewContext): View {
  const { samples, settings } = view;
  const { shape, type, random } = bridge.info;
  const size = shape.reduce((a, b) => a * b, 1);
  const tones = tonesOf(type, [samples.f, samples.b]);
  const small = document.createElement("canvas");
  const canvas = h("canvas", { role: "img" });
  const thumbs = h("div", { class: "thumbs", role: "group" });
  const words = h("p", { class: "note", role: "status" });
  let direction = settings.direction;
  let start: Float64Array | null = null;
  let index = 0;
  let runs = random ? usual : 1;

  const draw = ({ states }: Carried, { k, part }: Place) => {
    const from = states[k];
    const next = states[k + 1]?.data ?? null;
    const count = from.shape[0];
    const across = canvas.clientWidth < 420 ? Math.min(3, count) : Math.min(count, 6);
    const down = Math.ceil(count / across);
    const [, height = 1, width = 1] = shape;
    const cell = Math.min(canvas.clientWidth / across, (280 * width) / height);
    const ratio = (down * cell * (height / width)) / canvas.clientWidth;
    const surface = fit(canvas, { ratio, least: 60 });
    if (!surface) return;
    const { context } = surface;
    context.clearRect(0, 0, surface.width, surface.height);
    context.imageSmoothingEnabled = false;
    for (let i = 0; i < count; i++) {
      paint(small, from.data, { shape, tones, offset: i * size, next, part });
      const x = (i % across) * cell;
      const y = Math.floor(i / across) * cell * (height / width);
      context.drawImage(small, x + 2, y + 2, cell - 4, (cell * height) / width - 4);
    }
  };
  const journey = createJourney(bridge, view, {
    draw,
    arrived({ states, steps }) {
      const k = states.length - 1;
      const { from, to } = wayOf(view);
      canvas.setAttribute("aria-label", `${runs} runs of an image from ${from} to ${to}`);
      words.textContent =
        k < steps ? `Step ${k} of ${steps} …` : `From ${from} to ${to} in ${steps} steps.`;
    },
  });
  const carry = () => {
    if (!start) return view.failed(new Error("there is no image to start from"));
    const n = random && settings.solver === "sde" ? runs : 1;
    const one = { data: start, shape: [1, ...shape] };
    const runsOf = (k: number) => Array.from({ length: n }, () => k);
    journey.carry(rowsOf(one, runsOf(0)), runsOf(index));
  };
  const choose = (k: number) => {
    index = k;
    const all = samples[direction] as Samples;
    start = Float64Array.from(all.data.subarray(k * size, (k + 1) * size));
    for (const [i, button] of [...thumbs.children].entries())
      button.setAttribute("aria-pressed", String(i === k));
  };
  const offer = () => {
    direction = settings.direction;
    const all = samples[direction];
    const name = wayOf(view).from;
    const n = Math.min(offered, all?.shape[0] ?? 0);
    thumbs.setAttribute("aria-label", `Pictures of ${name}`);
    thumbs.replaceChildren(
      ...Array.from({ length: n }, (_, k) => {
        const canvas = h("canvas");
        paint(canvas, (all as Samples).data, { shape, tones, offset: k * size });
        const button = h(
          "button",
          { type: "button", "aria-label": `Image ${k + 1} of ${name}` },
          canvas,
        );
        return on(button, {
          click() {
            choose(k);
            carry();
          },
        });
      }),
    );
    start = null;
    if (n > 0) choose(0);
  };
  const many = numberField("Runs", runs, 64, (value) => {
    runs = value;
    carry();
  });
  watch(canvas, journey.redraw, view.signal);
  offer();
  return {
    element: h(
      "div",
      { class: "across" },
      thumbs,
      h(
        "div",
        {},
        random ? h("div", { class: "bar" }, many) : null,
        journey.clock.element,
        canvas,
        words,
      ),
    ),
    restart() {
      if (direction !== settings.direction) offer();
      carry();
    },
    stop: journey.stop,
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
  for (let i = 0; i < size; i++) {
    for (let channel = 0; channel < 3; channel++)
      image.data[4 * i + channel] = level(c === 3 ? channel : 0, i);
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
