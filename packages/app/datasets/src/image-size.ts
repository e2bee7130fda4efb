// Height and width of images and fields.
import { type CompleteTrainConfig, ConfigError, latentHalvings } from "@dsbm/config";

type ImageKeys = CompleteTrainConfig["data"];

/** Height and width of images. */
export const imageSize = ({
  image_size,
  image_width,
}: Pick<ImageKeys, "image_size" | "image_width">): [height: number, width: number] => [
  image_size,
  image_width ?? image_size,
];

/** The shape of what networks take instead of samples of a shape: of latent maps [c, h, w] with data.latent, else of samples. */
export function networkShape(shape: readonly number[], data: ImageKeys): readonly number[] {
  if (data.latent === null) return shape;
  const [, height, width] = shape as [number, number, number];
  const factor = 2 ** latentHalvings(data);
  return [data.latent, height / factor, width / factor];
}

/**
 * Checks the shape [n, C, H, W] of images.
 * @throws {ConfigError} for other channels or another size than the network has
 */
export function checkImages(name: string, shape: readonly number[], data: ImageKeys): void {
  const [, c, height, width] = shape;
  const [imageHeight, imageWidth] = imageSize(data);
  if (c === data.channels && height === imageHeight && width === imageWidth) return;
  const built = [
    `data.channels=${data.channels}`,
    ...(imageWidth === imageHeight ? [] : [`data.image_width=${imageWidth}`]),
  ].join(", ");
  throw new ConfigError(
    `${name} has images of ${c} channels and ${height}×${width} pixels, but the network is built for ${built} and data.image_size=${imageHeight}: set these keys to the data's, or choose other data`,
  );
}
