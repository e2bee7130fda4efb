// Networks of the configuration's groups `model=…`, by name.
import { DDPMpp, type Direction, DownscalerUNet, type Network, stream, UNet } from "@dsbm/bridge";
import { type CompleteTrainConfig, readNumbers } from "@dsbm/config";
import type { Device, Generator } from "@dsbm/torch";
import { UsageError } from "../errors.js";

/** A new network for a direction; its weights are a function of seed, direction and (from 2 on) half-iteration. */
export function buildNetwork(config: CompleteTrainConfig, direction: Direction, half = 1): Network {
  const purpose = half > 1 ? `init/${direction}/${half}` : `init/${direction}`;
  const net = build(config, { generator: stream(config.seed, purpose) });
  return config.device === "cpu" ? net : net.to({ device: config.device as Device });
}

function build({ model, data }: CompleteTrainConfig, seeded: { generator: Generator }): Network {
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
  const { name: _, num_channels, channel_mult, attention_resolutions, class_cond, ...keys } = model;
  if (class_cond)
    throw new UsageError(
      "model.class_cond=true is not in this version yet: leave it out, or write false",
    );
  return new UNet(
    {
      ...keys,
      ...images,
      model_channels: num_channels,
      channel_mult: channel_mult === null ? null : readNumbers(channel_mult),
      attention_resolutions: readNumbers(attention_resolutions),
    },
    seeded,
  );
}
