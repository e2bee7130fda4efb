// Resizing of images, by the size or by a factor, as torch.nn.functional.interpolate does it.
import { invalid } from "../binding/errors.js";
import { upsampleBilinear2d, upsampleNearest2d } from "../tensor/ops.generated.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Size } from "./conv.js";

export interface InterpolateOptions {
  size?: Size;
  scaleFactor?: Size;
  mode?: "nearest" | "bilinear";
  /** Whether the corner pixels' centres (instead of their edges) fall on each other; bilinear only. */
  alignCorners?: boolean;
}

/**
 * x [B, C, H, W] at another height and width. Throws a TorchError unless exactly one of `size` and `scaleFactor` is
 * given.
 */
export function interpolate(
  x: Tensor,
  { size, scaleFactor, mode = "nearest", alignCorners = false }: InterpolateOptions,
): Tensor {
  const { shape } = x;
  if (shape.length !== 4)
    throw invalid(`interpolate: x has shape [${shape}]; expected [B, C, H, W]`);
  if ((size === undefined) === (scaleFactor === undefined))
    throw invalid("interpolate: expected either size or scaleFactor");
  if (mode !== "nearest" && mode !== "bilinear")
    throw invalid(`interpolate: mode is ${JSON.stringify(mode)}; expected nearest or bilinear`);
  const pair = (value: Size) => (typeof value === "number" ? [value, value] : [...value]);
  const given = pair((size ?? scaleFactor) as Size);
  if (given.length !== 2 || given.some((n) => !(n > 0 && Number.isFinite(n))))
    throw invalid(`interpolate: [${given}]; expected positive numbers for height and width`);
  const out =
    size === undefined
      ? given.map((factor, i) => Math.floor((shape[i + 2] as number) * factor))
      : given;
  const scales = size === undefined ? { scalesH: given[0]!, scalesW: given[1]! } : {};
  return mode === "nearest"
    ? upsampleNearest2d(x, out, scales)
    : upsampleBilinear2d(x, out, alignCorners, scales);
}
