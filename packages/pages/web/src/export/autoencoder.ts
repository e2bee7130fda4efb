// Images as latent maps by the encoder of an export, and back by its decoder.
import type { Samples } from "../bridge/bridge.js";
import { WebBridgeError } from "../bridge/bridge.js";
import type { StateUnits } from "../bridge/units.js";
import type { Runtime, Session } from "./runtime.js";

interface AutoencoderShapes {
  /** [C, H, W] of an image. */
  images: readonly number[];
  /** [c, h, w] of a latent map. */
  latents: readonly number[];
  runtime: Runtime;
}

/** Images of one call, as many as a native sampler takes. */
const imagesTogether = 16;

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/**
 * Units of a bridge between latent maps: images [n, C, H, W] from −1 to 1 outside, latent maps [n, c, h, w] inside. Both
 * ways reject with a WebBridgeError for models of another export.
 */
export function autoencoderUnits(
  { images, latents, runtime }: AutoencoderShapes,
  { encoder, decoder }: { encoder: Session; decoder: Session },
): StateUnits {
  const pixels = sizeOf(images);
  const places = sizeOf(latents);
  const run = async (
    session: Session,
    [input, output]: readonly [string, string],
    x: Float32Array,
    shape: readonly number[],
  ): Promise<Float32Array> => {
    const { Tensor } = runtime;
    const feed = new Tensor("float32", x, [x.length / sizeOf(shape), ...shape]);
    const result = (await session.run({ [input]: feed }, [output]))[output];
    feed.dispose();
    const data = await result?.getData(true);
    if (data instanceof Float32Array) return data;
    throw new WebBridgeError(
      `a model of the autoencoder gave ${result?.type}; it does not belong to this bridge.json`,
    );
  };
  const inParts = async (
    x: Float32Array,
    [from, to]: readonly [number, number],
    change: (part: Float32Array) => Promise<Float32Array>,
  ): Promise<Float32Array> => {
    const n = x.length / from;
    const all = new Float32Array(n * to);
    for (let at = 0; at < n; at += imagesTogether) {
      const end = Math.min(n, at + imagesTogether);
      const part = await change(x.slice(at * from, end * from));
      if (part.length !== (end - at) * to)
        throw new WebBridgeError(
          `a model of the autoencoder gave ${part.length} numbers for ${end - at} images; it does not belong to this bridge.json`,
        );
      all.set(part, at * to);
    }
    return all;
  };
  return {
    shape: images,
    apply: ({ data }) =>
      inParts(Float32Array.from(data), [pixels, places], (part) =>
        run(encoder, ["image", "latent"], part, images),
      ),
    async undo(x, n): Promise<Samples> {
      const data = await inParts(x, [places, pixels], (part) =>
        run(decoder, ["latent", "image"], part, latents),
      );
      return { data, shape: [n, ...images] };
    },
  };
}
