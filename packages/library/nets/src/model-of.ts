// Inverts `createNetwork`.
import type { Network } from "@dsbm/bridge";
import { DDPMpp } from "./ddpmpp/ddpmpp.js";
import { DownscalerUNet } from "./downscaler-unet/downscaler-unet.js";
import { BidirectionalNetwork } from "./mlp/bidirectional.js";
import { DriftNetwork } from "./mlp/drift.js";
import { ScoreNetwork } from "./mlp/mlp.js";
import { UNet } from "./unet/unet.js";

/** The group `model` of a network, with some options that are no keys; null for another class. */
export function modelOf(network: Network): { name: string; [key: string]: unknown } | null {
  if (network instanceof UNet)
    return { name: "UNET", ...network.options, class_cond: network.options.num_classes !== null };
  if (network instanceof DownscalerUNet) return { name: "DownscalerUNET", ...network.options };
  if (network instanceof DDPMpp) return { name: "DDPMpp", ...network.options };
  const isMLP = [ScoreNetwork, DriftNetwork, BidirectionalNetwork].some(
    (kind) => network.constructor === kind,
  );
  if (!isMLP) return null;
  const { net, time } = network as DriftNetwork;
  const hidden = net.layers.slice(0, -1).map(({ weight }) => weight.size(0));
  return { name: "MLP", hidden, time_frequencies: time?.frequencies.numel ?? 0 };
}
