// Bytes of images to the numbers that networks get, and back; tensor operations only, so that a recorded
// function can hold them.
import { full, type Generator, rand, type Tensor, tidy, where } from "@dsbm/torch";
import { argumentError } from "./errors.js";
import { type DrawRows, drawAll } from "./random.js";

/**
 * Rows of an image table as networks get them, float32 of the same shape: bytes k become (k/255 − ½)·2,
 * float32 passes unchanged. Throws a BridgeError for other dtypes.
 */
export function decodeImages(x: Tensor): Tensor {
  if (x.dtype === "float32") return x;
  if (x.dtype !== "uint8") throw argumentError(`images of ${x.dtype}; expected uint8 or float32`);
  // k/127.5 − 1 rounds to the same bits as (k/255 − ½)·2, since doubling is exact. The divisor is a tensor of
  // the device: by a plain number, a GPU would multiply with the rounded reciprocal.
  return tidy(() => {
    const half = full([1], 127.5, { device: x.device });
    return x.to("float32").div(half).sub(1);
  });
}

/** Values in float64; bytes as images of −1 … 1. */
export const wide = (x: Tensor): Tensor =>
  (x.dtype === "uint8" ? decodeImages(x) : x).to("float64");

/**
 * Images of what networks get, uint8 of the same shape: −1 is black, 1 is white; values beyond are clipped,
 * NaN is black. `encodeImages(decodeImages(x))` is x for every byte.
 */
export function encodeImages(x: Tensor): Tensor {
  return tidy(() =>
    x.nanToNum({ nan: -1 }).add(1).mul(127.5).round().clamp({ min: 0, max: 255 }).to("uint8"),
  );
}

/** Images [B, C, H, W] of any dtype, each mirrored left to right with probability ½. */
export function flipImages(
  x: Tensor,
  { generator, forRows = drawAll }: { generator?: Generator; forRows?: DrawRows | undefined } = {},
): Tensor {
  return tidy(() => {
    const coin = forRows(x.size(0), (n) => rand([n, 1, 1, 1], { generator, device: x.device }));
    return where(coin.lt(0.5), x.flip([3]), x);
  });
}
