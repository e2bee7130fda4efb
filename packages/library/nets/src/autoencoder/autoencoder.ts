// A small convolutional autoencoder of images, whose latent maps are the samples of a bridge.
import { argumentError } from "@dsbm/bridge";
import { Buffer, nn, ones, type Tensor, zeros } from "@dsbm/torch";
import { conv3x3, type Seeded } from "../unet/layers.js";
import { DoubledConv2d } from "../unet/resample.js";

/** Sizes of an `Autoencoder`. */
export interface AutoencoderOptions {
  /** Channels of an image. */
  channels: number;
  /** Channels of a latent map. */
  latent: number;
  /** How often height and width are halved, 1 or more. */
  halvings: number;
  /** Channels at half of the size; all coarser maps have twice as many. */
  width: number;
}

const groups = 8;

/** SiLU of a group normalisation, [B, C, H, W] → [B, C, H, W]. */
class NormSilu extends nn.GroupNorm {
  constructor(channels: number) {
    super(groups, channels);
  }
  override forward(x: Tensor): Tensor {
    return this.silu(x);
  }
}

/** x [B, C, H, W] plus a correction of two convolutions, [B, C, H, W]. */
class ResidualBlock extends nn.Module {
  layers: nn.Sequential;
  constructor(channels: number, start: Seeded) {
    super();
    const conv = () => conv3x3(channels, channels, start);
    this.layers = new nn.Sequential(new NormSilu(channels), conv(), new NormSilu(channels), conv());
  }
  forward(x: Tensor): Tensor {
    return x.add(this.layers.forward(x));
  }
}

/** Half of the height and width: [B, from, H, W] → [B, to, H/2, W/2]. */
const halving = (from: number, to: number, start: Seeded): nn.Conv2d =>
  new nn.Conv2d(from, to, 4, { stride: 2, padding: 1, ...start });

/**
 * Images [n, C, H, W] of −1 … 1 to latent maps [n, c, H/2ᵏ, W/2ᵏ] and back. Latent channels have mean 0 and deviation 1 over
 * the images that `standardise` saw.
 */
export class Autoencoder extends nn.Module {
  /** The map from images to latent maps. */
  encoder: nn.Sequential;
  /** The map from latent maps to images. */
  decoder: nn.Sequential;
  /** Of each latent channel, [1, c, 1, 1]. */
  mean: Buffer;
  /** Of each latent channel, [1, c, 1, 1]. */
  deviation: Buffer;

  /** @throws {BridgeError} for a width that is no multiple of 8, and without halvings. */
  constructor(
    /** Its sizes. */
    readonly options: AutoencoderOptions,
    start: Seeded = {},
  ) {
    super();
    const { channels, latent, halvings, width } = options;
    if (halvings < 1 || width < groups || width % groups !== 0)
      throw argumentError(
        `an autoencoder of width ${width} with ${halvings} halvings; expected a multiple of ${groups}, and 1 or more halvings`,
      );
    const widths = Array.from({ length: halvings }, (_, k) => (k === 0 ? width : 2 * width));
    const coarsest = widths.at(-1) as number;
    this.encoder = new nn.Sequential(
      ...widths.flatMap((to, k) => [
        halving(widths[k - 1] ?? channels, to, start),
        new ResidualBlock(to, start),
      ]),
      new NormSilu(coarsest),
      conv3x3(coarsest, latent, start),
    );
    this.decoder = new nn.Sequential(
      conv3x3(latent, coarsest, start),
      ...widths.toReversed().flatMap((from, k) => {
        const to = widths[halvings - 2 - k];
        const block = new ResidualBlock(from, start);
        return to === undefined ? [block] : [block, new DoubledConv2d(from, to, start)];
      }),
      new NormSilu(width),
      new DoubledConv2d(width, channels, start),
    );
    const perChannel = [1, latent, 1, 1];
    this.mean = new Buffer(zeros(perChannel));
    this.deviation = new Buffer(ones(perChannel));
  }

  /**
   * The shape [c, H/2ᵏ, W/2ᵏ] of a latent map of an image [C, H, W].
   * @throws {BridgeError} for sizes that cannot be halved.
   */
  latentShape([, height, width]: readonly number[]): [number, number, number] {
    const { latent, halvings } = this.options;
    const factor = 2 ** halvings;
    if (!height || !width || height % factor !== 0 || width % factor !== 0)
      throw argumentError(
        `images of ${height}×${width} pixels; expected multiples of ${factor} for an autoencoder`,
      );
    return [latent, height / factor, width / factor];
  }

  /** Images [n, C, H, W] → latent maps [n, c, H/2ᵏ, W/2ᵏ]. */
  encode(images: Tensor): Tensor {
    return this.encoder.forward(images).sub(this.mean).div(this.deviation);
  }

  /** Latent maps [n, c, h, w] → images [n, C, h·2ᵏ, w·2ᵏ]. */
  decode(latents: Tensor): Tensor {
    return this.decoder.forward(latents.mul(this.deviation).add(this.mean));
  }

  /** Images [n, C, H, W] that went through their latent maps. */
  forward(images: Tensor): Tensor {
    return this.decode(this.encode(images));
  }
}
