// FID's features: StyleGAN2-ADA's TorchScript file of the 2015 Inception-v3, with its own resizing, since others give
// other values.

import { argumentError, encodeImages, type FeatureExtractor, notFiniteError } from "@dsbm/bridge";
import { type Device, jit, type Tensor, tidy, zeros } from "@dsbm/torch";

const dim = 2048;

/**
 * The features [n, 2048] of `inception-2015-12-05.pt`. Floating images are rounded to bytes, grey images repeated to
 * three channels. The file's code runs, see `jit.load`.
 * @throws {TorchError} for no TorchScript file, a BridgeError for another forward, wrong shapes and NaN.
 */
export function inceptionFeatures(
  path: string,
  {
    device = "cpu",
    batchSize = 50,
    trust = false,
  }: {
    device?: Device;
    batchSize?: number;
    trust?: boolean;
  } = {},
): FeatureExtractor {
  const module = jit.load(path, { device, trust });
  const run = (bytes: Tensor) => module.forward([bytes], { return_features: true });
  checkForward(path, module.schema, run, device);
  return {
    metric: "fid",
    dim,
    batchSize,
    features: (images) => tidy(() => run(toColourBytes(images).to({ device }))),
  };
}

/** The schema does not say enough, and one black image is cheap. */
function checkForward(
  path: string,
  schema: string,
  run: (x: Tensor) => Tensor,
  device: Device,
): void {
  const expected = `expected forward(img: uint8 [n, 3, H, W], return_features=True) that gives floating [n, ${dim}], as inception-2015-12-05.pt has it`;
  tidy(() => {
    let got: Tensor;
    try {
      got = run(zeros([1, 3, 32, 32], { dtype: "uint8", device }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw argumentError(`${path} has ${schema}; ${expected} (${reason})`);
    }
    if (`${got.shape}` !== `1,${dim}` || !got.dtype.startsWith("float"))
      throw argumentError(`${path} gives ${got.dtype} [${got.shape}] for one image; ${expected}`);
  });
}

/**
 * Images [n, 1 or 3, H, W] of −1 … 1, or bytes, as bytes [n, 3, H, W].
 * @throws {BridgeError} for other shapes, and for NaN
 */
export function toColourBytes(images: Tensor): Tensor {
  const { shape, dtype } = images;
  const [n, channels, height, width] = shape as [number, number, number, number];
  if (shape.length !== 4 || (channels !== 1 && channels !== 3))
    throw argumentError(`images of shape [${shape}]; expected [n, 1, H, W] or [n, 3, H, W]`);
  return tidy(() => {
    if (dtype !== "uint8" && images.isnan().any().item())
      throw notFiniteError("images with NaN have no features; expected −1 … 1");
    const bytes = dtype === "uint8" ? images : encodeImages(images);
    return bytes.expand([n, 3, height, width]);
  });
}
