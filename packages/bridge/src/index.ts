export {
  type Conditions,
  conditionRows,
  conditionsAt,
  conditionsIn,
  kindsOf,
  mapConditions,
} from "./conditions.js";
export { independent } from "./coupling/independent.js";
export { minibatchEntropic, minibatchExact } from "./coupling/minibatch.js";
export { reference } from "./coupling/reference.js";
export { simulated } from "./coupling/simulated.js";
export { type BatchCoupling, type Pairs, type Simulate, shuffled } from "./coupling.js";
export { loadArray } from "./dataset/arrays.js";
export { downscalerScalingFile } from "./dataset/downscaler.js";
export {
  type DownscalerScaling,
  loadDownscalerScaling,
  scaleFields,
  unscaleFields,
} from "./dataset/downscaler-scaling.js";
export { type DownscalingLaw, downscalingLaw, type Resolution } from "./dataset/downscaling-law.js";
export { type DatasetCode, DatasetError } from "./dataset/errors.js";
export { gaussianEndpoints } from "./dataset/gaussian.js";
export { keepClasses } from "./dataset/idx-images.js";
export type { ImageSet, LoadImagesOptions, Preparation } from "./dataset/image-set.js";
export { imageSets, loadImages, prepareImages } from "./dataset/index.js";
export { positionsOf } from "./dataset/labels.js";
export { loadMnist, type Mnist, type MnistOptions } from "./dataset/mnist.js";
export { type DecodedPicture, decodePicture } from "./dataset/picture-decode.js";
export { listPictures, type PictureFile } from "./dataset/picture-files.js";
export { decodeImages, encodeImages, flipImages } from "./dataset/pixels.js";
export { eightGaussians, moons } from "./dataset/planar.js";
export { type Projection, principalComponents } from "./dataset/projection.js";
export { type ImageSummary, summary } from "./dataset/summary.js";
export {
  checkEndpoints,
  type Decode,
  type Endpoints,
  type ImageClass,
  type ImageTable,
  type Split,
} from "./dataset.js";
export { type Direction, type End, endOf, other, startOf } from "./direction.js";
export { BridgeError } from "./errors.js";
export type { TrainEvent } from "./events.js";
export { batchOf, drawTimes, regressionLoss, shuffleRows, trainingStep } from "./inner.js";
export { networkMean, referenceMean } from "./langevin/mean.js";
export {
  type LangevinRun,
  type LangevinTuples,
  langevinRun,
  langevinTuple,
  langevinTuples,
} from "./langevin/run.js";
export {
  type Langevin,
  type LangevinOptions,
  type LangevinStep,
  langevin,
  langevinSteps,
  type StepMean,
} from "./langevin.js";
export { dsb, type IncrementOptions, incrementTuples } from "./method/dsb.js";
export { dsbLangevin, type LangevinMethod } from "./method/dsb-langevin.js";
export { dsbm } from "./method/dsbm.js";
export { methods } from "./method/index.js";
export { rectifiedflow } from "./method/rectified-flow.js";
export { sbcfm } from "./method/sbcfm.js";
export {
  asPairs,
  asRows,
  type EpochContext,
  type Method,
  type Regression,
  type StepSampler,
} from "./method.js";
export {
  type EndpointStatistics,
  endpointRow,
  endpointStatistics,
  type ValueStatistics,
  valueStatistics,
} from "./metric/endpoints.js";
export { FeatureStatistics } from "./metric/feature-statistics.js";
export {
  type FeatureExtractor,
  type FrechetScore,
  frechetScore,
  imageStatistics,
} from "./metric/features.js";
export { frechetDistance, type Gaussian } from "./metric/frechet.js";
export * from "./metric/gaussian-bridge.js";
export { type InceptionFeatures, inceptionFeatures } from "./metric/inception.js";
export { lenetFeatures } from "./metric/lenet.js";
export { type Moments, moments, squaredDisplacement } from "./metric/moments.js";
export {
  type Band,
  bandError,
  isotropicSpectrum,
  octaves,
  type Spectrum,
} from "./metric/spectrum.js";
export {
  encodeStatistics,
  loadStatistics,
  type SavedStatistics,
} from "./metric/statistics-file.js";
export {
  accuracyOf,
  Classifier,
  type ClassifierTraining,
  classify,
  shareOf,
  trainClassifier,
} from "./model/classifier.js";
export { completeDDPMpp, type DDPMppOptions } from "./model/ddpmpp/options.js";
export { DDPMpp } from "./model/ddpmpp.js";
export {
  completeDownscalerUNet,
  type DownscalerUNetOptions,
} from "./model/downscaler-unet/options.js";
export { DownscalerUNet } from "./model/downscaler-unet.js";
export { DriftNetwork, TimeFeatures } from "./model/drift.js";
export {
  encodeLeNet,
  LeNet,
  type LeNetFacts,
  type LeNetOptions,
  lenetTraining,
  loadLeNet,
} from "./model/lenet.js";
export { MLP, ScoreNetwork, widths } from "./model/mlp.js";
export { ConditionalMLP, type ConditionalMLPOptions } from "./model/mlp-cond.js";
export type { NumberList } from "./model/unet/checks.js";
export { type CompleteUNetOptions, completeUNet, type UNetOptions } from "./model/unet/options.js";
export { UNet } from "./model/unet.js";
export { type NetworkFlowOptions, networkFlow } from "./network-flow.js";
export { assignment } from "./ot/assignment.js";
export { samplePermutation } from "./ot/birkhoff.js";
export { squaredDistances } from "./ot/distance.js";
export { type ExactPlan, exactPlan } from "./ot/exact.js";
export { type DensePlan, densePlan, type SparsePlan } from "./ot/plan.js";
export { samplePairs } from "./ot/sample.js";
export { simplex } from "./ot/simplex.js";
export { type EntropicPlan, type SinkhornOptions, sinkhorn } from "./ot/sinkhorn.js";
export { type Parametrisation, plainDrift } from "./parametrisation.js";
export { complete, directionOf, type Problem } from "./problem.js";
export { brownian } from "./process/brownian.js";
export { ornsteinUhlenbeck } from "./process/ornstein-uhlenbeck.js";
export { type BridgeSample, type ReferenceProcess, spread } from "./process.js";
export { type DrawRows, drawAll, hash32, stream } from "./random.js";
export { Ranks, type RanksOptions } from "./ranks.js";
export type { CacheOptions } from "./rows/cache.js";
export {
  type GammaOptions,
  gammaGrid,
  gammaSchedule,
  resample,
  type TimeGrid,
  uniformGrid,
} from "./schedule.js";
export { type Network, Simulator, type SimulatorOptions, sample } from "./simulator.js";
export { euler } from "./solver/euler.js";
export { eulerMaruyama, type StepVariance } from "./solver/euler-maruyama.js";
export type { Flow, FlowOptions, FlowSolver } from "./solver/flow.js";
export { heun } from "./solver/heun.js";
export { flowSolvers, solveFlow } from "./solver/index.js";
export { probabilityFlow } from "./solver/probability-flow.js";
export { collectPath, type Field, ordered, type SolveOptions } from "./solver.js";
export { chooseThreads, threadCandidates } from "./threads.js";
export { Training } from "./train.js";
export type { SavedFacts, SavedTraining, TrainState } from "./train-state.js";
