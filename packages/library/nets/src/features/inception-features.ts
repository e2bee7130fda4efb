// The features of FID: those of the Inception-v3 of 2015, from the TorchScript file that StyleGAN2-ADA published, with
// the file's own weights, resizing and scaling: with others, values cannot be compared with published ones.

import { argumentError, encodeImages, type FeatureExtractor, notFiniteError } from "@dsbm/bridge";
import { type Device, jit, type Tensor, tidy, zeros } from "@dsbm/torch";

/** Number of features of the published network. */
const dim = 2048;

/** A feature extractor that holds native memory. */
export interface InceptionFeatures extends FeatureExtractor, Disposable {
  dispose(): void;
}

/**
 * The features [n, 2048] of the published Inception-v3 (`inception-2015-12-05.pt`).
 *
 * Floating images are rounded to bytes, −1 to 0 and 1 to 255 (values beyond are clamped), as if they had been saved as
 * pictures; grey ones are repeated to three channels. Code in the file is run: use a file from a source that you
 * trust. Throws a TorchError for a file that is not TorchScript, and a BridgeError for one with another forward, for
 * images of another shape, and for NaN.
 */
export function inceptionFeatures(
  path: string,
  {
    device = "cpu",
    batchSize = 50,
  }: {
    device?: Device;
    /** Images at a time; the network resizes each to 299×299. */
    batchSize?: number;
  } = {},
): InceptionFeatures {
  const module = jit.load(path, { device });
  const run = (bytes: Tensor) => module.forward([bytes], { return_features: true });
  try {
    probe(path, module.schema, run, device);
  } catch (error) {
    module.dispose();
    throw error;
  }
  return {
    metric: "fid",
    dim,
    batchSize,
    features: (images) => tidy(() => run(toColourBytes(images).to({ device }))),
    dispose: () => module.dispose(),
    [Symbol.dispose]: () => module.dispose(),
  };
}

/** Computes the features of one black image: it is cheap, and the schema does not say enough. */
function probe(path: string, schema: string, run: (x: Tensor) => Tensor, device: Device): void {
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

/** Images [n, 1 or 3, H, W] of −1 … 1, or bytes, as bytes [n, 3, H, W]. */
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
