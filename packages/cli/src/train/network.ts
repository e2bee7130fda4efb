// Networks of the configuration's groups `model=…`, by name.
import { type Direction, type Network, stream, UNet } from "@dsbm/bridge";
import { type CompleteTrainConfig, readNumbers } from "@dsbm/config";
import type { Device } from "@dsbm/torch";
import { UsageError } from "../errors.js";

/** A new network for a direction; its weights are a function of seed, direction and (from 2 on) half-iteration. */
export function buildNetwork(config: CompleteTrainConfig, direction: Direction, half = 1): Network {
  const { model, data, seed } = config;
  if (model.name !== "UNET")
    throw new UsageError(
      `model.name=${model.name} is not in this version yet: choose model=UNET, UNET_small or UNET_tiny`,
    );
  const { name: _, num_channels, channel_mult, attention_resolutions, class_cond, ...rest } = model;
  if (class_cond)
    throw new UsageError(
      "model.class_cond=true needs data with conditions, which this version has not: leave it out",
    );
  const generator = stream(seed, half > 1 ? `init/${direction}/${half}` : `init/${direction}`);
  const net = new UNet(
    {
      ...rest,
      image_size: data.image_size,
      in_channels: data.channels + data.cond_channels,
      out_channels: data.channels,
      model_channels: num_channels,
      channel_mult: channel_mult === null ? null : readNumbers(channel_mult),
      attention_resolutions: readNumbers(attention_resolutions),
    },
    { generator },
  );
  return config.device === "cpu" ? net : net.to({ device: config.device as Device });
}
