// One image as a PNG file of its own, pixel for pixel: no margin, no scale, grey where it is grey.
import { RunError } from "../errors.js";
import { checkSheet, type Pixels, paintSheet } from "./sheet.js";

/**
 * An image [channels, height, width] in row order, 1 (grey) or 3 (RGB) channels, as PNG. Bytes are taken as they are,
 * real numbers from −1 (black) to 1 (white). Throws RunError "bad_argument" where pixels and shape do not fit.
 */
export async function picturePng(
  pixels: Pixels,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
): Promise<Buffer> {
  const options = {
    shape: [1, channels, height, width] as const,
    columns: 1,
    scale: 1,
    padding: 0,
  };
  checkSheet(pixels, options, "a picture");
  const colors = channels === 1 ? 1 : 3;
  const { default: sharp } = await import("sharp");
  try {
    return await sharp(paintSheet(pixels, options, { colors }), {
      raw: { width, height, channels: colors },
    })
      .png()
      .toBuffer();
  } catch (error) {
    throw new RunError("picture", `cannot write a picture of ${width}×${height}: ${error}`, {
      cause: error,
    });
  }
}
