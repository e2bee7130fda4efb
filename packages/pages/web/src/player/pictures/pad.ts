// A pad to draw an image on, with a pointer or with the keys.
import { arrows, h, on } from "../dom.js";
import { paint } from "./paint.js";

export interface Pad {
  element: HTMLElement;
  put(picture: ArrayLike<number>): void;
}

/** A pad of images [C, H, W] from −1 to 1; `drawn` gets the drawing when the pen is lifted. */
export function createPad(shape: readonly number[], drawn: (picture: Float64Array) => void): Pad {
  const [c = 1, height = 1, width = 1] = shape;
  let picture = new Float64Array(c * height * width).fill(-1);
  let pen: { x: number; y: number } | null = null;
  const cursor = { x: width / 2, y: height / 2 };
  const canvas = h("canvas", {
    class: "draw",
    tabindex: 0,
    role: "application",
    "aria-label":
      "Pad. Draw with the pointer; with the keyboard, arrows move the pen, Shift and arrows draw, Enter carries the drawing.",
  });
  const show = () => paint(canvas, picture, { shape, tones: [-1, 1] });
  const radius = Math.max(0.8, Math.min(height, width) / 22);
  const dot = ({ x, y }: { x: number; y: number }) => {
    for (let i = 0; i < height; i++)
      for (let j = 0; j < width; j++) {
        const far = Math.hypot(j + 0.5 - x, i + 0.5 - y);
        const ink = Math.min(1, Math.max(0, 1 + radius - far));
        for (let channel = 0; channel < c; channel++) {
          const k = (channel * height + i) * width + j;
          picture[k] = Math.max(picture[k] as number, 2 * ink - 1);
        }
      }
  };
  const line = (from: { x: number; y: number }, to: { x: number; y: number }) => {
    const steps = Math.ceil(2 * Math.hypot(to.x - from.x, to.y - from.y)) + 1;
    for (let s = 0; s <= steps; s++)
      dot({ x: from.x + ((to.x - from.x) * s) / steps, y: from.y + ((to.y - from.y) * s) / steps });
    show();
  };
  const at = ({ clientX, clientY }: PointerEvent) => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((clientX - box.left) / box.width) * width,
      y: ((clientY - box.top) / box.height) * height,
    };
  };
  const lift = () => {
    if (!pen) return;
    pen = null;
    drawn(picture.slice());
  };
  on(canvas, {
    pointerdown(event) {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      pen = at(event);
      line(pen, pen);
    },
    pointermove(event) {
      if (!pen) return;
      const to = at(event);
      line(pen, to);
      pen = to;
    },
    pointerup: lift,
    pointercancel: lift,
    keydown(event) {
      if (event.key === "Enter") return drawn(picture.slice());
      const [dx, dy] = arrows[event.key] ?? [];
      if (dx === undefined || dy === undefined) return;
      event.preventDefault();
      const from = { ...cursor };
      cursor.x = Math.min(width, Math.max(0, cursor.x + dx));
      cursor.y = Math.min(height, Math.max(0, cursor.y + dy));
      if (event.shiftKey) line(from, cursor);
      else showCursor();
    },
    blur: show,
  });
  const showCursor = () => {
    show();
    const context = canvas.getContext("2d");
    if (!context) return;
    context.fillStyle = "#d55e00";
    context.fillRect(Math.floor(cursor.x), Math.floor(cursor.y), 1, 1);
  };
  const clear = on(h("button", { type: "button" }, "Clear the pad"), {
    click() {
      picture.fill(-1);
      show();
    },
  });
  show();
  return {
    element: h("div", {}, canvas, h("p", {}, clear)),
    put(next) {
      picture = Float64Array.from(next);
      show();
    },
  };
}
