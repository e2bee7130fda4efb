// Colours of directions and of runs, each with its own dashes, for colour-blind readers.

/** The colour of a CSS variable in the theme of the page. */
export const cssColor = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The CSS variables of the directions' colours. */
export const directionColor = { f: "forward", b: "backward" } as const;

const runColors = ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"];
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

/** Colour and dashes of the i-th compared run. */
export function runStyle(i: number): { color: string; dash: number[] } {
  const color = runColors[i % runColors.length];
  return { color, dash: dashes[Math.floor(i / runColors.length) % dashes.length] };
}

/** A colour #rrggbb with an opacity; another text as it is. */
export function fadeColor(color: string, share: number): string {
  const match = /^#([0-9a-f]{6})$/i.exec(color);
  if (!match) return color;
  const n = Number.parseInt(match[1], 16);
  return `rgba(${n >> 16}, ${(n >> 8) & 255}, ${n & 255}, ${share})`;
}
