export { independent } from "./coupling/independent.js";
export { minibatchEntropic, minibatchExact } from "./coupling/minibatch.js";
export { reference } from "./coupling/reference.js";
export { simulated } from "./coupling/simulated.js";
export { type BatchCoupling, type Pairs, type Simulate, shuffled } from "./coupling.js";
export { loadArray } from "./dataset/arrays.js";
export { gaussianEndpoints } from "./dataset/gaussian.js";
export { keepClasses, loadMnist, type Mnist, type MnistOptions } from "./dataset/mnist.js";
export { type Projection, principalComponents } from "./dataset/projection.js";
export { checkEndpoints, type Endpoints } from "./dataset.js";
export { type Direction, other } from "./direction.js";
export { BridgeError } from "./errors.js";
export type { TrainEvent } from "./events.js";
export { batchOf, drawTimes, regressionLoss, shuffleRows, trainingStep } from "./inner.js";
export { dsb, type IncrementOptions, incrementTuples } from "./method/dsb.js";
export { dsbm } from "./method/dsbm.js";
export { methods } from "./method/index.js";
export { rectifiedflow } from "./method/rectified-flow.js";
export { sbcfm } from "./method/sbcfm.js";
export { asPairs, asRows, type EpochContext, type Method, type Regression } from "./method.js";
export * from "./metric/gaussian-bridge.js";
export { type Moments, moments, squaredDisplacement } from "./metric/moments.js";
export {
  Classifier,
  type ClassifierTraining,
  classify,
  shareOf,
  trainClassifier,
} from "./model/classifier.js";
export { DriftNetwork, TimeFeatures } from "./model/drift.js";
export { MLP, ScoreNetwork, widths } from "./model/mlp.js";
export { assignment } from "./ot/assignment.js";
export { samplePermutation } from "./ot/birkhoff.js";
export { squaredDistances } from "./ot/distance.js";
export { type ExactPlan, exactPlan } from "./ot/exact.js";
export { type DensePlan, densePlan, type SparsePlan } from "./ot/plan.js";
export { samplePairs } from "./ot/sample.js";
export { simplex } from "./ot/simplex.js";
export { type EntropicPlan, type SinkhornOptions, sinkhorn } from "./ot/sinkhorn.js";
export { complete, type Problem } from "./problem.js";
export { brownian } from "./process/brownian.js";
export { type BridgeSample, type ReferenceProcess, spread } from "./process.js";
export { hash32, stream } from "./random.js";
export { gammaGrid, resample, type TimeGrid, uniformGrid } from "./schedule.js";
export { type Network, Simulator, type SimulatorOptions, sample } from "./simulator.js";
export { euler, eulerAt } from "./solver/euler.js";
export { eulerMaruyama } from "./solver/euler-maruyama.js";
export { collectPath, type Field, ordered, type SolveOptions } from "./solver.js";
export { chooseThreads, threadCandidates } from "./threads.js";
export { directionOf, Training, type TrainState } from "./train.js";
