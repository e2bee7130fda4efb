// Image bytes to network inputs and back, by tensor operations only, so that recorded functions can hold them.
import { full, type Generator, rand, type Tensor, tidy, where } from "@dsbm/torch";
import { argumentError } from "./errors.js";

/**
 * Images of any shape as network inputs, float32: bytes k become (k/255 − ½)·2.
 * @throws {BridgeError} for dtypes other than uint8 and float32.
 */
export function decodeImages(x: Tensor): Tensor {
  if (x.dtype === "float32") return x;
  if (x.dtype !== "uint8") throw argumentError(`images of ${x.dtype}; expected uint8 or float32`);
  // k/127.5 − 1 rounds to the bits of (k/255 − ½)·2. The divisor is a tensor, since a GPU would multiply by the
  // rounded reciprocal of a number.
  return tidy(() => {
    const half = full([1], 127.5, { device: x.device });
    return x.to("float32").div(half).sub(1);
  });
}

/** Values of any shape in float64; bytes as images of −1 … 1. */
export const toFloat64 = (x: Tensor): Tensor =>
  (x.dtype === "uint8" ? decodeImages(x) : x).to("float64");

/**
 * Network outputs of any shape as uint8 images: −1 is black, 1 white, values beyond are clipped, NaN is black. Inverts
 * `decodeImages`.
 */
export function encodeImages(x: Tensor): Tensor {
  return tidy(() =>
    x.nanToNum({ nan: -1 }).add(1).mul(127.5).round().clamp({ min: 0, max: 255 }).to("uint8"),
  );
}

/** Mirrors each image [B, C, H, W] left to right with probability ½. */
export function flipImages(x: Tensor, { generator }: { generator?: Generator } = {}): Tensor {
  return tidy(() => {
    const coin = rand([x.size(0), 1, 1, 1], { generator, device: x.device });
    return where(coin.lt(0.5), x.flip([3]), x);
  });
}
