// SVG to PNG through librsvg, for viewers that show no SVG. Apart from svg.ts, whose types need those of Plot.
import { RunError } from "../errors.js";

/** Renders an SVG document as PNG, 2 pixels per CSS pixel. Throws RunError "picture" when the SVG cannot be read. */
export async function svgToPng(svg: string): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  try {
    return await sharp(Buffer.from(svg), { density: 144 }).png().toBuffer();
  } catch (error) {
    throw new RunError("picture", `cannot render this SVG of ${svg.length} characters: ${error}`, {
      cause: error,
    });
  }
}
