import { arrows, on } from "../dom.js";
import type { Frame } from "./frame.js";

/** In pixels of the canvas. */
export interface Box {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface Brush {
  readonly box: Box | null;
  hide(): void;
}

/** A brush on a canvas. Keys: arrows move the rectangle, with Shift they change its size, Escape removes it. */
export function createBrush(
  canvas: HTMLCanvasElement,
  {
    frame,
    changed,
    held,
  }: {
    frame: () => Frame | null;
    changed: (box: Box | null) => void;
    held: (is: boolean) => void;
  },
): Brush {
  let box: Box | null = null;
  let from: { x: number; y: number } | null = null;
  const put = (next: Box | null) => {
    box = next;
    changed(box);
  };
  const at = ({ clientX, clientY }: PointerEvent) => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: clientX - left - canvas.clientLeft, y: clientY - top - canvas.clientTop };
  };
  const between = (a: { x: number; y: number }, b: { x: number; y: number }): Box => ({
    x0: Math.min(a.x, b.x),
    y0: Math.min(a.y, b.y),
    x1: Math.max(a.x, b.x),
    y1: Math.max(a.y, b.y),
  });
  on(canvas, {
    pointerdown(event) {
      if (event.button !== 0) return;
      from = at(event);
      held(true);
      canvas.setPointerCapture(event.pointerId);
    },
    pointermove(event) {
      if (from) put(between(from, at(event)));
    },
    pointerup(event) {
      if (!from) return;
      const next = between(from, at(event));
      from = null;
      held(false);
      put(next.x1 - next.x0 < 3 && next.y1 - next.y0 < 3 ? null : next);
    },
    pointercancel() {
      from = null;
      held(false);
    },
    keydown(event) {
      if (event.key === "Escape") return put(null);
      const [dx, dy] = arrows[event.key] ?? [];
      const inside = frame();
      if (dx === undefined || dy === undefined || !inside) return;
      event.preventDefault();
      const { left, right, top, bottom } = inside;
      const stepX = (dx * (right - left)) / 20;
      const stepY = (dy * (bottom - top)) / 20;
      const w = (right - left) / 5;
      const h = (bottom - top) / 5;
      const old = box ?? { x0: left + 2 * w, y0: top + 2 * h, x1: left + 3 * w, y1: top + 3 * h };
      const grown = {
        ...old,
        x1: Math.max(old.x0 + 4, old.x1 + stepX),
        y1: Math.max(old.y0 + 4, old.y1 + stepY),
      };
      const moved = {
        x0: old.x0 + stepX,
        y0: old.y0 + stepY,
        x1: old.x1 + stepX,
        y1: old.y1 + stepY,
      };
      put(box === null ? old : event.shiftKey ? grown : moved);
    },
  });
  return {
    get box() {
      return box;
    },
    hide() {
      box = null;
    },
  };
}
