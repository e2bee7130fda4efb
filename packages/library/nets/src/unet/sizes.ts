import type { Conditions } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";
import { wrongFor } from "./keys.js";

/** Throws a BridgeError unless an image size can be halved `levels` − 1 times. */
export function checkHalvable(
  network: string,
  { image_size, levels, key }: { image_size: number; levels: number; key: string },
): void {
  const multiple = 2 ** (levels - 1);
  if (image_size % multiple !== 0)
    throw wrongFor(network)(
      `image_size ${image_size} cannot be halved ${levels - 1} times, as the ${levels} entries of ${key} require; expected a multiple of ${multiple}, or fewer entries`,
    );
}

const published = ["16,8", "16"];

/**
 * The resolutions with attention. Throws a BridgeError for a size that divides `image_size` and is no resolution,
 * except in published lists.
 */
export function attentionSizes(
  network: string,
  key: string,
  sizes: readonly number[],
  { image_size, levels }: { image_size: number; levels: number },
): number[] {
  const resolutions = Array.from({ length: levels }, (_, i) => image_size / 2 ** i);
  const wrong = sizes.find((size) => image_size % size === 0 && !resolutions.includes(size));
  if (wrong !== undefined && !published.includes(`${sizes}`))
    throw wrongFor(network)(
      `${key} has ${wrong}; the resolutions of a network of image_size ${image_size} with ${levels} multipliers are ${resolutions.join(", ")}`,
    );
  return sizes.filter((size) => resolutions.includes(size));
}

export interface Intake {
  in_channels: number;
  halvings: number;
  /** Null: no classes; absent: the network has no such option. */
  num_classes?: number | null;
}

/** Throws a BridgeError for images x [B, C, H, W] and conditions that do not fit. */
export function checkInputs(
  network: string,
  { in_channels, halvings, num_classes }: Intake,
  x: Tensor,
  { y, cond }: Conditions,
): void {
  const wrong = wrongFor(network);
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const multiple = 2 ** halvings;
  if (c + (cond ? cond.size(1) : 0) !== in_channels)
    throw wrong(
      `x has ${c} channels${cond ? ` and cond ${cond.size(1)}` : ""}; expected in_channels = ${in_channels}${!cond && c < in_channels ? ", including the channels of cond" : ""}`,
    );
  if (height % multiple !== 0 || width % multiple !== 0)
    throw wrong(
      `images of ${height}×${width} cannot be halved ${halvings} times; expected multiples of ${multiple}`,
    );
  if (y && num_classes == null)
    throw wrong(
      `y was given, but ${num_classes === null ? "the network has no num_classes" : "this network takes no classes"}`,
    );
  if (num_classes != null && `${y?.shape}` !== `${n}`)
    throw wrong(
      `${y ? `y has shape [${y.shape}]` : "y is missing"}; expected classes, int64 [${n}], since num_classes is ${num_classes}`,
    );
}
