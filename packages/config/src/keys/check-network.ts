// Why: a network that does not fit its images fails deep inside a convolution; sizes and channels
// can be compared as soon as the configuration is known.

import { readNumbers } from "../schema/kinds.js";
import { CHANNEL_MULT } from "./model.js";
import type { TrainConfig } from "./schema.js";

/** What the published sets of images are; sets of another name are judged when they are loaded. */
const SHAPES: [family: RegExp, channels: number, image_size: number | null][] = [
  [/^(e?mnist|fashion)(_|$)/, 1, 28],
  [/^cifar10(_|$)/, 3, 32],
  [/^afhq_/, 3, null],
  [/^downscaler_synthetic_/, 2, null],
  [/^downscaler_/, 2, 512],
  [/^synthetic_/, 1, null],
];

/** Channels and size of a set of images; undefined for other data. */
export function imageShape(name: string) {
  const found = SHAPES.find(([family]) => family.test(name));
  return found && { name, channels: found[1], image_size: found[2] };
}

/** Problems of image sizes, channels and resolutions, one line each; vectors have none. */
export function networkProblems(config: TrainConfig): string[] {
  if (config.model.name === "MLP") return [];
  const problems = [...shapeProblems(config), ...conditionProblems(config)];
  // A network that was not meant for these images need not be told about their sizes too.
  return problems.length > 0 ? problems : resolutionProblems(config);
}

function shapeProblems({ Dataset, Dataset_transfer, transfer, data }: TrainConfig): string[] {
  const ends = [Dataset, transfer ? Dataset_transfer : null].filter((name) => name !== null);
  const known = ends.map(imageShape).filter((shape) => shape !== undefined);
  return (["channels", "image_size"] as const).flatMap((key) => {
    const wrong = known.find((shape) => shape[key] !== null && shape[key] !== data[key]);
    if (wrong === undefined) return [];
    return [
      `data.${key}=${data[key]}, but images of ${wrong.name} have ${wrong[key]}: ` +
        `write data.${key}=${wrong[key]} or choose another data set`,
    ];
  });
}

function conditionProblems({ cdsb, data, model }: TrainConfig): string[] {
  const { cond_channels } = data;
  if (cdsb !== cond_channels > 0) {
    return [
      `cdsb=${cdsb} does not go with data.cond_channels=${cond_channels}: ` +
        (cdsb
          ? "write how many channels the condition has, or cdsb=false"
          : "write cdsb=true, or data.cond_channels=0"),
    ];
  }
  if (model.name === "DownscalerUNET" && !cdsb) {
    return [
      "model.name=DownscalerUNET needs a condition, got cdsb=false: " +
        "write dataset=downscaler_transfer, or model=UNET for these images",
    ];
  }
  return [];
}

function resolutionProblems({ model, data }: TrainConfig): string[] {
  if (model.name === "MLP") return [];
  const { image_size } = data;
  const [key, given] =
    model.name === "DDPMpp" ? ["ch_mult", model.ch_mult] : ["channel_mult", model.channel_mult];
  const mult = given ?? CHANNEL_MULT[image_size];
  if (mult === undefined) {
    return [
      `model.channel_mult=null is known for images of ${Object.keys(CHANNEL_MULT).join(", ")}, got ` +
        `data.image_size=${image_size}: write model.channel_mult=[1,2,2] or other multipliers`,
    ];
  }
  const levels = readNumbers(mult).length;
  if (image_size % 2 ** (levels - 1) !== 0) {
    return [
      `data.image_size=${image_size} cannot be halved ${levels - 1} times, as the ${levels} ` +
        `multipliers model.${key}=${mult} ask for: write fewer of them`,
    ];
  }
  return [...attentionProblems({ model, data }, levels), ...groupProblems({ model }, mult)];
}

/** Lists that serve all image sizes: what a network does not have of them is left out. */
const PUBLISHED = ["16,8", "16"];

/** Sizes that do not divide the images cannot be meant for them and are left out too. */
function attentionProblems(
  { model, data }: Pick<TrainConfig, "model" | "data">,
  levels: number,
): string[] {
  if (model.name === "DownscalerUNET" || model.name === "MLP") return [];
  const [key, text] =
    model.name === "DDPMpp"
      ? ["attn_resolutions", model.attn_resolutions]
      : ["attention_resolutions", model.attention_resolutions];
  if (text === null || PUBLISHED.includes(text)) return [];
  const sizes = Array.from({ length: levels }, (_, level) => data.image_size / 2 ** level);
  const wrong = readNumbers(text).filter(
    (size) => !sizes.includes(size) && (data.image_size % size === 0 || size > data.image_size),
  );
  if (wrong.length === 0) return [];
  return [
    `model.${key}=${text}: no resolution of this network is ${wrong.join(" or ")}, they are ` +
      `${sizes.join(", ")}: write some of these`,
  ];
}

/** The groups of the normalisation divide the channels of every resolution. */
function groupProblems({ model }: Pick<TrainConfig, "model">, mult: string): string[] {
  if (model.name !== "UNET") return [];
  const groups = model.num_channels <= 32 ? 8 : 32;
  const wrong = readNumbers(mult).find((m) => Math.trunc(m * model.num_channels) % groups !== 0);
  if (wrong === undefined) return [];
  return [
    `model.num_channels=${model.num_channels} times the multiplier ${wrong} of ${mult} gives ` +
      `${Math.trunc(wrong * model.num_channels)} channels, no multiple of the ${groups} groups of a ` +
      `normalisation: write a multiple of ${groups} for every resolution`,
  ];
}
