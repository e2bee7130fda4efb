export {
  chainOf,
  gridsWithin,
  type Interval,
  inOrder,
  intervalsOf,
  wholeGrid,
} from "./chain/chain.js";
export { alongSplines, wholePairs, withinGroups, withinIntervals } from "./chain/coupling.js";
export { chainEndpoints, inInterval } from "./chain/endpoints.js";
export { IntervalTable, onAbsoluteTime, wholeField } from "./chain/network.js";
export {
  type Batch,
  batchFrom,
  countRows,
  mapBatch,
  namesOf,
  type Pairs,
  tensorsOf,
} from "./core/batch.js";
export { inBatches } from "./core/batches.js";
export {
  type Conditions,
  conditionRows,
  conditionsAt,
  type EndpointConditions,
  kindsOf,
  mapConditions,
} from "./core/conditions.js";
export {
  type Direction,
  type Endpoint,
  eachEndpoint,
  other,
  sourceOf,
  targetOf,
} from "./core/direction.js";
export {
  type Chain,
  checkEndpoints,
  type Decode,
  disposeSome,
  type Endpoints,
  gathered,
  kindOf,
  someRows,
} from "./core/endpoints.js";
export { argumentError, BridgeError, dataError, notFiniteError } from "./core/errors.js";
export type { Network } from "./core/network.js";
export { isOneTime } from "./core/one-time.js";
export { decodeImages, encodeImages, flipImages } from "./core/pixels.js";
export { type DrawRows, drawAll, drawPart, hash32, stream } from "./core/random.js";
export { subsample } from "./core/subsample.js";
export {
  gammaGrid,
  gammaSchedule,
  gridBetween,
  resample,
  type TimeGrid,
  uniformGrid,
  withTime,
} from "./core/time-grid.js";
export type { BatchCoupling, Simulate } from "./coupling/coupling.js";
export { reference, simulated } from "./coupling/from-one-end.js";
export { growthPlan, joinMass, rowsByMass, splitMass, withoutMass } from "./coupling/growth.js";
export { growthLength } from "./coupling/growth-length.js";
export { independent, tableIndex } from "./coupling/independent.js";
export {
  besideKnown,
  checkPairs,
  type KnownPairs,
  matchKnown,
  unmarked,
} from "./coupling/known.js";
export {
  groupsByConditions,
  type Matching,
  matchConditions,
  matchIntervals,
  onlyIntervals,
  type RowPairs,
} from "./coupling/matching.js";
export {
  minibatchEntropic,
  minibatchExact,
} from "./coupling/minibatch.js";
export { endpointMoments, withMoments } from "./coupling/moments.js";
export { langevin, networkMean, referenceMean, type StepMean } from "./langevin/langevin.js";
export { langevinRun, langevinTuples } from "./langevin/run.js";
export { incrementTuples } from "./method/dsb-increments.js";
export { dsbm } from "./method/dsbm.js";
export { type MethodName, type MethodNumbers, methodNamed, methods } from "./method/index.js";
export { followingData, smooth } from "./method/interpolated.js";
export { type LeftOutDistance, leftOutDistances } from "./method/left-out.js";
export type {
  FirstCoupling,
  Method,
  ModelFacts,
  Regression,
  RowsContext,
  StepContext,
} from "./method/method.js";
export { networkFlow } from "./method/network-flow.js";
export {
  copyNoiseShare,
  measureNoiseShare,
  noiseShareOf,
  withNoiseShare,
} from "./method/noise-share.js";
export {
  flowMargin,
  guided,
  guidedEvaluations,
  networkOutput,
  type Parametrisation,
  plainDrift,
  towards,
} from "./method/parametrisation.js";
export { preconditioned } from "./method/preconditioned.js";
export {
  type Dynamics,
  driftOf,
  pathTo,
  planEnd,
  type SampleOptions,
  sample,
} from "./method/sample.js";
export { endpointRow, endpointStatistics } from "./metric/endpoints.js";
export { gaussianOf } from "./metric/feature-statistics.js";
export { type FeatureExtractor, frechetScore, imageStatistics } from "./metric/features.js";
export { frechetDistance, type Gaussian } from "./metric/frechet.js";
export {
  discretised,
  exactCovariance,
  exactDrift,
  exactMarginal,
  expectedKL,
  type GaussianBridge,
  gaussianKL,
} from "./metric/gaussian-bridge.js";
export { gaussianLogDensity, logLikelihood } from "./metric/likelihood.js";
export { moments, squaredDisplacement } from "./metric/moments.js";
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
export { type Estimate, meanEstimate } from "./metric/vectors/bootstrap.js";
export { energyDistance, kernelWidths, mmd } from "./metric/vectors/kernels.js";
export {
  bw2Uvp,
  leastVarianceKept,
  optimalDisplacement,
} from "./metric/vectors/moments.js";
export { gaussianPairs, optimality } from "./metric/vectors/optimality.js";
export {
  agreement,
  flowCost,
  normalisedPathEnergy,
  PathEnergy,
  straightness,
} from "./metric/vectors/paths.js";
export { columnWasserstein, slicedWasserstein } from "./metric/vectors/sliced.js";
export { wasserstein } from "./metric/vectors/wasserstein.js";
export type { ConditionKind } from "./model/condition.js";
export { ConditionDropout } from "./model/condition-dropout.js";
export { FittedGaussian } from "./model/fitted-gaussian.js";
export { FlowAndScore } from "./model/flow-and-score.js";
export { MixturePotential, mixtureLogLikelihood } from "./model/mixture-potential.js";
export { PointBridge } from "./model/point-bridge.js";
export { Preconditioned } from "./model/preconditioned.js";
export { squaredDistances } from "./ot/cost.js";
export { exactPlan, exactPointPlan } from "./ot/exact.js";
export { cellOf, inCells, kMeans } from "./ot/k-means.js";
export { densePlan } from "./ot/plan.js";
export { type Points, sinkhorn } from "./ot/sinkhorn.js";
export { brownian, checkBrownian } from "./process/brownian.js";
export { ornsteinUhlenbeck } from "./process/ornstein-uhlenbeck.js";
export { type ReferenceProcess, spread } from "./process/process.js";
export { eulerMaruyama, type StepVariance } from "./solver/euler-maruyama.js";
export type { FlowOptions } from "./solver/flow.js";
export { type flowSolvers, solveFlow } from "./solver/index.js";
export { probabilityFlow } from "./solver/probability-flow.js";
export { type Field, ordered } from "./solver/solver.js";
