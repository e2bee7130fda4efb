export { Autoencoder, type AutoencoderOptions } from "./autoencoder/autoencoder.js";
export {
  type AutoencoderTraining,
  decodeLatentRows,
  encodeImageRows,
  standardiseLatents,
  trainAutoencoder,
} from "./autoencoder/training.js";
export { DDPMpp } from "./ddpmpp/ddpmpp.js";
export type { DDPMppOptions } from "./ddpmpp/options.js";
export { DownscalerUNet } from "./downscaler-unet/downscaler-unet.js";
export { accuracyOf, classify, trainClassifier } from "./features/classifier.js";
export { inceptionFeatures } from "./features/inception-features.js";
export {
  encodeLeNet,
  LeNet,
  type LeNetFacts,
  lenetFeatures,
  lenetTraining,
  loadLeNet,
} from "./features/lenet.js";
export { type FieldInputs, GridNetwork } from "./fields/grid-network.js";
export { ConditionalMLP } from "./mlp/conditional.js";
export { DriftNetwork, MLP, ScoreNetwork, widths } from "./mlp/mlp.js";
export * from "./networks.js";
export type { UNetOptions } from "./unet/options.js";
export { UNet } from "./unet/unet.js";
