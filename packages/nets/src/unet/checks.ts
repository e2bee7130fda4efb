// What every network of images is asked before it is built and before it runs, so that no mistake surfaces as a
// kernel's complaint from its middle: one line that names the network, the key or the argument.

import { BridgeError, type Conditions } from "@dsbm/bridge";
import type { Tensor } from "@dsbm/torch";

/** A list of numbers, or the same as the command line writes it: "0.5,1,1" (7, for a list of one). */
export type NumberList = string | number | readonly number[];

/** The resolutions of a network, for the check of those with attention. */
export interface AttentionSizes {
  key: string;
  preset: readonly number[];
  image_size: number;
  levels: number;
}

/** Checks of one network's options; each returns the value, or throws a BridgeError that names the key. */
export function optionChecks(network: string) {
  const wrong = (message: string) => new BridgeError("argument", `${network}: ${message}`);
  return {
    wrong,
    /** Positive numbers. */
    numbers(value: NumberList, key: string, example: string): number[] {
      const parts =
        typeof value === "string" ? value.split(",").filter((s) => s.trim()) : [value].flat();
      return parts.map((part) => {
        const n = Number(part);
        if (!(n > 0 && Number.isFinite(n)))
          throw wrong(
            `${key} has the entry "${part}"; expected positive numbers such as "${example}"`,
          );
        return n;
      });
    },
    whole(value: number, key: string): number {
      if (!Number.isInteger(value) || value < 1)
        throw wrong(`${key} is ${value}; expected an integer of at least 1`);
      return value;
    },
    finite(value: number, key: string): number {
      if (!Number.isFinite(value)) throw wrong(`${key} is ${value}; expected a number`);
      return value;
    },
    probability(value: number, key: string): number {
      if (!(value >= 0 && value <= 1))
        throw wrong(`${key} is ${value}; expected a probability between 0 and 1`);
      return value;
    },
    /** One of a few words. */
    among<T extends string>(value: T, key: string, words: readonly T[]): T {
      if (!words.includes(value))
        throw wrong(
          `${key} is "${value}"; expected ${words.slice(0, -1).join(", ")} or ${words.at(-1)}`,
        );
      return value;
    },
    /** An image size that `levels` resolutions, each half the one before, can be made of. */
    halvable(image_size: number, levels: number, key: string): number {
      const finest = 2 ** (levels - 1);
      if (image_size % finest !== 0)
        throw wrong(
          `image_size ${image_size} cannot be halved ${levels - 1} times, as ${levels} entries of ${key} ask; expected a multiple of ${finest}, or fewer entries`,
        );
      return image_size;
    },
    /**
     * Image sizes with attention: those of `sizes` that divide `image_size`, each of which must then be one of the
     * `levels` resolutions; without `sizes` those of `preset` that are.
     */
    resolutions(
      sizes: NumberList | undefined,
      { key, preset, image_size, levels }: AttentionSizes,
    ): number[] {
      const own = Array.from({ length: levels }, (_, i) => image_size / 2 ** i);
      if (sizes === undefined) return preset.filter((size) => own.includes(size));
      return this.numbers(sizes, key, `${preset}`).filter((size) => {
        if (image_size % size !== 0) return false;
        if (own.includes(size)) return true;
        throw wrong(
          `${key} has ${size}; the resolutions of a network of image_size ${image_size} with ${levels} multipliers are ${own.join(", ")}`,
        );
      });
    },
  };
}

/** What a network takes. */
export interface Intake {
  in_channels: number;
  /** How often it halves the resolution. */
  halvings: number;
  /** Classes that it knows; null: none, though it could; left out: it has no such option. */
  num_classes?: number | null;
}

/**
 * Throws a BridgeError for images x [B, C, H, W], times t and conditions that do not fit: channels, sizes, counts,
 * and a class where the network knows none, or none where it needs one.
 */
export function checkInputs(
  network: string,
  { in_channels, halvings, num_classes }: Intake,
  x: Tensor,
  t: Tensor,
  { y, cond }: Conditions,
): void {
  const { wrong } = optionChecks(network);
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const multiple = 2 ** halvings;
  if (x.ndim !== 4) throw wrong(`x has shape [${x.shape}]; expected [B, C, H, W]`);
  if (cond && `${[cond.size(0), ...cond.shape.slice(2)]}` !== `${[n, height, width]}`)
    throw wrong(`cond has shape [${cond.shape}]; expected [${n}, C, ${height}, ${width}], as x`);
  const given = c + (cond ? cond.size(1) : 0);
  if (given !== in_channels)
    throw wrong(
      `x has ${c} channels${cond ? ` and cond ${cond.size(1)}` : ""}; expected in_channels = ${in_channels}${!cond && c < in_channels ? ", those of cond included" : ""}`,
    );
  if (height % multiple !== 0 || width % multiple !== 0)
    throw wrong(
      `images of ${height}×${width} cannot be halved ${halvings} times; expected multiples of ${multiple}`,
    );
  if (t.numel !== n)
    throw wrong(`t has shape [${t.shape}]; expected one time for each of ${n} images`);
  if (num_classes == null ? y : !y)
    throw wrong(
      num_classes === undefined
        ? "y was given, but this network takes no classes"
        : num_classes === null
          ? "y was given, but the network has no num_classes"
          : `expected classes y, int64 [${n}], since num_classes is ${num_classes}`,
    );
  if (y && `${y.shape}` !== `${n}`) throw wrong(`y has shape [${y.shape}]; expected [${n}]`);
}
