// The registry of networks: a new network is a folder and an entry in `networks`.

import { argumentError, type Direction, type Network } from "@dsbm/bridge";
import { noGrad } from "@dsbm/torch";
import { DDPMpp } from "./ddpmpp/ddpmpp.js";
import { DownscalerUNet } from "./downscaler-unet/downscaler-unet.js";
import { BidirectionalNetwork, DriftNetwork, ScoreNetwork } from "./mlp/mlp.js";
import { type NumberList, readNumbers } from "./unet/keys.js";
import type { Seeded } from "./unet/layers.js";
import type { UNetOptions } from "./unet/options.js";
import { UNet } from "./unet/unet.js";

/** The options of a new network. */
export interface NetworkRequest extends Seeded {
  /** The configuration's group `model`. */
  model: { name: string; [key: string]: unknown };
  /** Shape of a sample: [d] or [C, H, W]. */
  shape: readonly number[];
  /** Channels (or numbers) of the condition. */
  cond_channels?: number;
  /** Classes of the data, used with `class_cond`. */
  classes?: number;
  /** The direction of the drift. */
  direction: Direction;
  /** Whether the network takes the direction as a condition. */
  bidirectional?: boolean;
  /** Whether inputs and outputs have unit variance at all times. */
  unit?: boolean;
  /** Whether a new network of vectors gives 0 (image networks always do). */
  zero?: boolean;
}

interface NetworkKind {
  takes: "vectors" | "images";
  oneWay?: boolean;
  /** Whether images may be wider than high, or higher than wide. */
  rectangles?: boolean;
  build(keys: never, request: NetworkRequest): Network;
}

interface MLPKeys {
  hidden?: NumberList;
  /** 0: the time is an input (`ScoreNetwork`); k: a `DriftNetwork` of k frequencies. */
  time_frequencies?: number;
}

function buildMLP(keys: MLPKeys, request: NetworkRequest): Network {
  const { direction, bidirectional, unit, generator, cond_channels: conditions = 0 } = request;
  const hidden = readNumbers("MLP", "hidden", keys.hidden ?? [256, 256]);
  const frequencies = keys.time_frequencies ?? 0;
  const [dim] = request.shape as [number];
  const options = { hidden, frequencies, conditions, generator };
  const network = bidirectional
    ? new BidirectionalNetwork(dim, options)
    : frequencies === 0
      ? new ScoreNetwork(dim, options)
      : new DriftNetwork(dim, { ...options, direction: unit ? null : direction });
  if (request.zero)
    for (const p of network.net.layers.at(-1)?.parameters() ?? []) noGrad(() => p.zero_());
  return network;
}

function imageKeys({ shape, cond_channels = 0 }: NetworkRequest) {
  const [channels, image_size] = shape as [number, number, number];
  return { image_size, in_channels: channels + cond_channels, out_channels: channels };
}

const ofImages = <Keys>(Net: new (options: Keys, seed: Seeded) => Network): NetworkKind => ({
  takes: "images",
  oneWay: true,
  build: (keys: Partial<Keys>, request) =>
    new Net({ ...keys, ...imageKeys(request) } as Keys, request),
});

/** Networks by the name that `model=` takes. */
export const networks: Readonly<Record<string, NetworkKind>> = {
  MLP: { takes: "vectors", build: buildMLP },
  UNET: {
    takes: "images",
    rectangles: true,
    build: ({ class_cond, ...keys }: UNetOptions & { class_cond?: boolean }, request) =>
      new UNet(
        {
          ...keys,
          ...imageKeys(request),
          image_width: request.shape[2],
          num_classes: class_cond ? (request.classes ?? null) : null,
          bidirectional: request.bidirectional ?? false,
        },
        request,
      ),
  },
  DownscalerUNET: ofImages(DownscalerUNet),
  DDPMpp: ofImages(DDPMpp),
};

/**
 * Creates a network for samples of a shape.
 * @throws {BridgeError} for an unknown name, other samples and impossible keys.
 */
export function createNetwork(request: NetworkRequest): Network {
  const { model, shape } = request;
  const { name, ...keys } = model;
  const kind = Object.hasOwn(networks, name) ? networks[name] : undefined;
  if (kind === undefined)
    throw argumentError(
      `model.name=${name}: no such network; expected one of ${Object.keys(networks).join(", ")}`,
    );
  const images = shape.length === 3;
  if (images !== (kind.takes === "images")) {
    const others = Object.keys(networks).filter((other) => networks[other]?.takes !== kind.takes);
    throw argumentError(
      `model.name=${name} takes ${kind.takes}, but the samples have the shape [${shape}]; choose model=${others.join(" or model=")}`,
    );
  }
  if (images && shape[1] !== shape[2] && !kind.rectangles)
    throw argumentError(
      `the images have ${shape[1]}×${shape[2]} pixels; expected square images for model.name=${name}: write model=UNET`,
    );
  if (request.bidirectional && kind.oneWay)
    throw argumentError(
      `model.name=${name} takes no direction, which a method with one network for both needs; write model=UNET`,
    );
  return kind.build(keys as never, request);
}

/** Whether a network of these keys takes vectors instead of images. */
export const takesVectors = ({ name }: { name: string }): boolean =>
  networks[name]?.takes === "vectors";

/** Whether a network of these keys takes classes. */
export function hasClasses(model: { name: string; class_cond?: boolean }): boolean {
  return model.name === "UNET" && model.class_cond === true;
}
