export {
  chainOf,
  gridsWithin,
  type Interval,
  inOrder,
  intervalsOf,
  wholeGrid,
} from "./chain/chain.js";
export {
  alongSplines,
  coupleWithinGroups,
  drawWholePlans,
  withinIntervals,
} from "./chain/coupling.js";
export { chainEndpoints, inInterval } from "./chain/endpoints.js";
export * from "./chain/network.js";
export {
  type Batch,
  batchFrom,
  countRows,
  mapBatch,
  namesOf,
  type Pairs,
  type RecordedBatch,
  recordedBatch,
  tensorsOf,
} from "./core/batch.js";
export * from "./core/batches.js";
export {
  type Conditions,
  conditionRows,
  conditionsAt,
  type EndpointConditions,
  kindsOf,
  mapConditions,
} from "./core/conditions.js";
export * from "./core/direction.js";
export * from "./core/endpoints.js";
export * from "./core/errors.js";
export { inDType, type Network, type NetworkDType } from "./core/network.js";
export { isOneTime, oneTime } from "./core/one-time.js";
export { decodeImages, encodeImages, flipImages } from "./core/pixels.js";
export * from "./core/random.js";
export { subsample } from "./core/subsample.js";
export {
  divisorsOf,
  gammaGrid,
  gammaSchedule,
  gridBetween,
  resample,
  type TimeGrid,
  uniformGrid,
  withTime,
} from "./core/time-grid.js";
export { drawWindows, partsAt } from "./core/window.js";
export type { BatchCoupling, Simulate } from "./coupling/coupling.js";
export {
  type CourseOfMasses,
  courseGrowth,
  frames,
  type IntervalGrowth,
} from "./coupling/course-growth.js";
export { reference, simulatedPairs } from "./coupling/from-one-end.js";
export {
  growthPlan,
  joinMass,
  type KnownGrowth,
  rowsByMass,
  splitMass,
  withoutMass,
} from "./coupling/growth.js";
export * from "./coupling/growth-length.js";
export { type GrowthScan, type ScannedLength, scanGrowth } from "./coupling/growth-scan.js";
export { independent, tableIndex } from "./coupling/independent.js";
export { kernelMean } from "./coupling/kernel-mean.js";
export {
  checkPairs,
  coupleUnknownRows,
  type KnownPairs,
  matchKnown,
  withoutKnownMark,
} from "./coupling/known.js";
export {
  groupsByConditions,
  intervalConditions,
  type Matching,
  matchConditions,
  matchIntervals,
  type RowPairs,
} from "./coupling/matching.js";
export * from "./coupling/minibatch.js";
export * from "./coupling/moments.js";
export {
  factsNamed,
  type MethodFacts,
  type MethodName,
  type MethodTakes,
  methodsWith,
  type StatedFacts,
  takesOption,
} from "./facts/index.js";
export { langevin, networkMean, referenceMean, type StepMean } from "./langevin/langevin.js";
export { langevinRun, langevinTuples } from "./langevin/run.js";
export { incrementTuples } from "./method/dsb-increments.js";
export * from "./method/dsbm.js";
export { few_steps } from "./method/few-steps.js";
export { type MethodNumbers, methodFacts, methodNamed, methods } from "./method/index.js";
export * from "./method/interpolant.js";
export * from "./method/left-out.js";
export * from "./method/method.js";
export { networkFlow } from "./method/network-flow.js";
export {
  copyNoiseShare,
  measureNoiseShare,
  noiseShareOf,
  withNoiseShare,
} from "./method/noise-share.js";
export {
  flowMargin,
  guidedEvaluations,
  networkOutput,
  type Parametrisation,
  plainDrift,
  withDirection,
  withGuidance,
} from "./method/parametrisation.js";
export { withPreconditioning } from "./method/preconditioned.js";
export * from "./method/sample.js";
export { withShortcut } from "./method/shortcut.js";
export { crps } from "./metric/crps.js";
export { factoredGaussianOf, gaussianOf } from "./metric/feature-statistics.js";
export {
  type FeatureExtractor,
  frechetScore,
  imageFeaturesOf,
  imageStatistics,
} from "./metric/features.js";
export * from "./metric/frechet.js";
export {
  discretisedMarginals,
  exactCovariance,
  exactDrift,
  exactMarginal,
  expectedKL,
  type GaussianBridge,
  gaussianKL,
} from "./metric/gaussian-bridge.js";
export * from "./metric/likelihood.js";
export { type Moments, moments, squaredDisplacement } from "./metric/moments.js";
export {
  bandError,
  fourierModes,
  isotropicSpectrum,
  type Modes,
  octaves,
  overAnnuli,
  type Spectrum,
} from "./metric/spectrum.js";
export { loadStatistics } from "./metric/statistics-file.js";
export { valueStatistics } from "./metric/value-statistics.js";
export { type Estimate, meanEstimate } from "./metric/vectors/bootstrap.js";
export * from "./metric/vectors/kernels.js";
export * from "./metric/vectors/moments.js";
export { gaussianPairs, optimality } from "./metric/vectors/optimality.js";
export {
  cycleError,
  flowEnergy,
  normalisedPathEnergy,
  PathEnergy,
} from "./metric/vectors/paths.js";
export { columnWasserstein, wasserstein } from "./metric/vectors/wasserstein.js";
export * from "./model/condition-dropout.js";
export * from "./model/endpoint-generator.js";
export * from "./model/fitted-gaussian.js";
export * from "./model/flow-and-score.js";
export { MixturePotential } from "./model/mixture-potential.js";
export * from "./model/point-bridge.js";
export * from "./model/preconditioned.js";
export { UnbalancedMixture } from "./model/unbalanced-mixture.js";
export { squaredDistances } from "./ot/cost.js";
export { exactPlan, exactPointPlan, mostExactPoints } from "./ot/exact.js";
export * from "./ot/k-means.js";
export type { Potentials } from "./ot/plan.js";
export { quantileMapping } from "./ot/quantiles.js";
export { type PointSets, sinkhorn } from "./ot/sinkhorn.js";
export * from "./process/brownian.js";
export * from "./process/ornstein-uhlenbeck.js";
export { asColumn, onCells, type ReferenceProcess } from "./process/process.js";
export * from "./solver/euler-maruyama.js";
export type { Flow, FlowOptions } from "./solver/flow.js";
export * from "./solver/index.js";
export * from "./solver/probability-flow.js";
export { type Field, type SolveOptions, solverSteps } from "./solver/solver.js";
