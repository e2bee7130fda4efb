// A file of statistics as NumPy's savez writes it.
import { io, type Tensor } from "@dsbm/torch";
import { zipSync } from "fflate";

/** The bytes of a .npz file with `mu` [d], `sigma` [d, d] and, if known, `n`. */
export function encodeStatistics(
  { mean, covariance }: Record<"mean" | "covariance", Tensor>,
  n?: number,
): Uint8Array {
  return zipSync({
    "mu.npy": io.encodeNpy(mean),
    "sigma.npy": io.encodeNpy(covariance),
    ...(n !== undefined && {
      "n.npy": io.npy.encode(io.fromTyped(BigInt64Array.of(BigInt(n)), [])),
    }),
  });
}
