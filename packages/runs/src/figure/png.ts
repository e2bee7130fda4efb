// SVG to PNG through librsvg, for viewers that show no SVG.
import { RunError } from "../errors.js";

/**
 * Renders an SVG document as PNG, `scale` pixels per CSS pixel (default 2).
 * Throws RunError "picture" when the SVG cannot be read.
 */
export async function svgToPng(
  svg: string,
  { scale = 2 }: { scale?: number } = {},
): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  try {
    return await sharp(Buffer.from(svg), { density: 72 * scale })
      .png()
      .toBuffer();
  } catch (error) {
    throw new RunError("picture", `cannot render this SVG of ${svg.length} characters: ${error}`, {
      cause: error,
    });
  }
}
