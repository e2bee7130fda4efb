// Looks into drawn figures: elements, text, and the points of lines.
import { parseHTML } from "linkedom";

export interface Element {
  textContent: string;
  getAttribute(name: string): string | null;
}

/** The elements of an SVG or HTML text that match a selector. */
export function select(text: string, selector: string): Element[] {
  return [...parseHTML(`<body>${text}</body>`).document.querySelectorAll(selector)];
}

export const texts = (svg: string) => select(svg, "text").map((element) => element.textContent);
/** Lines, without the paths of their markers. */
export const lines = (svg: string) =>
  select(svg, '[aria-label="line"] path').filter((path) => path.getAttribute("d")?.includes("L"));
export const dots = (svg: string) => select(svg, '[aria-label="dot"] circle');
/** Horizontal and vertical rules outside the grid. */
export const rules = (svg: string) => select(svg, '[aria-label="rule"] line');

/** The points of a path made of straight lines. */
export const coordinates = (path: Element) =>
  [...(path.getAttribute("d") ?? "").matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
