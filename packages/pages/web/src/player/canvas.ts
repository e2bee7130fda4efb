// Up to this number of pixels software rendering is fast enough.

const pixels = 2.5e6;

/** A canvas in CSS pixels. */
export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
}

/**
 * Fits a canvas to its width, with a height of `ratio` times the width; coordinates are in the
 * page's pixels.
 */
export function fit(
  canvas: HTMLCanvasElement,
  { ratio, least = 260 }: { ratio: number; least?: number },
): Surface | null {
  const width = canvas.clientWidth;
  const context = canvas.getContext("2d");
  if (width === 0 || !context) return null;
  const height = Math.round(Math.max(least, Math.min(1100, ratio * width, 0.62 * innerHeight)));
  const scale = Math.min(devicePixelRatio, Math.sqrt(pixels / (width * height)));
  canvas.style.height = `${height}px`;
  const w = Math.round(width * scale);
  const h = Math.round(height * scale);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return { context, width, height };
}

/** Calls back when the size of an element or the colours of the page change, as on paper. */
export function watch(element: HTMLElement, changed: () => void, signal: AbortSignal): void {
  const sizes = new ResizeObserver(changed);
  sizes.observe(element);
  const themes = new MutationObserver(changed);
  themes.observe(document.documentElement, { attributes: true });
  for (const query of ["(prefers-color-scheme: dark)", "print"])
    matchMedia(query).addEventListener("change", changed, { signal });
  signal.addEventListener("abort", () => {
    sizes.disconnect();
    themes.disconnect();
  });
}
