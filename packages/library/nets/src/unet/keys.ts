import { argumentError, type BridgeError, type Conditions } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";

/** A list of numbers, or its text "0.5,1,1". */
export type NumberList = string | number | readonly number[];

/** What makes errors of the options of a network, whose name begins the message. */
export const wrongFor =
  (network: string) =>
  (message: string): BridgeError =>
    argumentError(`${network}: ${message}`);

/** Options of a table's keys; a missing key has its default. */
export function withDefaults<T extends object>(defaults: T, options: Partial<T>): T {
  const entries = Object.entries(options).filter(
    ([key, value]) => key in defaults && value !== undefined,
  );
  return { ...defaults, ...Object.fromEntries(entries) };
}

/**
 * Reads a list; null is empty.
 * @throws {BridgeError} with the key's name for other text.
 */
export function readNumbers(network: string, key: string, list: NumberList | null): number[] {
  const parts =
    typeof list === "string" ? list.split(",").filter((s) => s.trim()) : [list ?? []].flat();
  return parts.map((part) => {
    const n = Number(part);
    if (n > 0 && Number.isFinite(n)) return n;
    throw wrongFor(network)(
      `${key} has the entry "${part}"; expected positive numbers such as "1,2,2"`,
    );
  });
}

/** @throws {BridgeError} unless an image size can be halved `levels` − 1 times. */
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

/**
 * Channels at each resolution.
 * @throws {BridgeError} if these normalisation groups do not divide them.
 */
export function groupedChannels(
  network: string,
  multipliers: readonly number[],
  { num_channels, groups }: { num_channels: number; groups: number },
): number[] {
  const channels = multipliers.map((m) => Math.trunc(m * num_channels));
  for (const [i, c] of channels.entries())
    if (c === 0 || c % groups !== 0)
      throw wrongFor(network)(
        `channel_mult gives ${c} channels at resolution ${i + 1} of num_channels ${num_channels}; expected a multiple of ${groups}, the groups of its normalisation`,
      );
  return channels;
}

const publishedLists = ["16,8", "16"];

/**
 * The resolutions with attention.
 * @throws {BridgeError} for a size that divides `image_size` and is no resolution, except in published lists.
 */
export function attentionSizes(
  network: string,
  key: string,
  list: NumberList | null,
  { image_size, levels }: { image_size: number; levels: number },
): number[] {
  const sizes = readNumbers(network, key, list);
  const resolutions = Array.from({ length: levels }, (_, i) => image_size / 2 ** i);
  const wrong = sizes.find((size) => image_size % size === 0 && !resolutions.includes(size));
  if (wrong !== undefined && !publishedLists.includes(`${sizes}`))
    throw wrongFor(network)(
      `${key} has ${wrong}; the resolutions of a network of image_size ${image_size} with ${levels} multipliers are ${resolutions.join(", ")}`,
    );
  return sizes.filter((size) => resolutions.includes(size));
}

/** Options that decide which inputs a network takes. */
export interface Intake {
  /** Channels of x. */
  in_channels: number;
  /** How often height and width are halved. */
  halvings: number;
  /** Null: no classes; absent: the network has no such option. */
  num_classes?: number | null;
}

/** @throws {BridgeError} for images x [B, C, H, W] and conditions that do not fit. */
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
