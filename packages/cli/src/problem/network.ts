// Networks of the configuration's groups `model=…`, by name.

import { type Direction, type Network, stream } from "@dsbm/bridge";
import { type CompleteTrainConfig, readNumbers } from "@dsbm/config";
import { DDPMpp, DownscalerUNet, UNet } from "@dsbm/nets";
import type { Device, Generator } from "@dsbm/torch";
import { UsageError } from "../terminal/errors.js";

/** A new network for a direction; its weights are a function of seed, direction and (from 2 on) half-iteration; `classes` are those of the data. */
export function buildNetwork(
  config: CompleteTrainConfig,
  direction: Direction,
  { half = 1, classes }: { half?: number | undefined; classes: number },
): Network {
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const net = build(config, classes, { generator: stream(config.seed, purpose) });
  return config.device === "cpu" ? net : net.to({ device: config.device as Device });
}

/** Whether networks are told the class of a sample. */
export function hasClasses(model: CompleteTrainConfig["model"]): boolean {
  return model.name === "UNET" && model.class_cond;
}

function build(
  { model, data }: CompleteTrainConfig,
  classes: number,
  seeded: { generator: Generator },
): Network {
  const images = {
    image_size: data.image_size,
    in_channels: data.channels + data.cond_channels,
    out_channels: data.channels,
  };
  if (model.name === "DDPMpp") {
    const { name: _, ...keys } = model;
    return new DDPMpp({ ...keys, ...images }, seeded);
  }
  if (model.name === "DownscalerUNET") {
    const { name: _, num_channels, ...keys } = model;
    return new DownscalerUNet({ ...keys, ...images, model_channels: num_channels }, seeded);
  }
  if (model.name === "MLP")
    throw new UsageError("model=MLP is for vectors, which dsbm train has not yet");
  const { name: _, num_channels, channel_mult, attention_resolutions, class_cond, ...keys } = model;
  return new UNet(
    {
      ...keys,
      ...images,
      num_classes: class_cond ? classes : null,
      model_channels: num_channels,
      channel_mult: channel_mult === null ? null : readNumbers(channel_mult),
      attention_resolutions: readNumbers(attention_resolutions),
    },
    seeded,
  );
}
