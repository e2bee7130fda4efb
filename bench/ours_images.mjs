// The UNet of the image trainer and its kernels, on our side: the same work as in pytorch_unet.py.
import { bridge, onDevice, repeatInScope, torch, waitForDevice } from "./engine.mjs";
import { simulation, stepOf } from "./ours_training.mjs";

export const IMAGES = 32;
const IMAGE = 28;
const SAMPLER_STEPS = 30;
const GAMMA = 0.034;
const RATE = 1e-4;

const gridOf = (steps) =>
  bridge.gammaGrid(bridge.gammaSchedule(steps, { gamma_min: GAMMA, gamma_max: GAMMA }));

/**
 * The image trainer's problem on random images: UNET at 28×28, DSBM with loss_scale, clipping and
 * EMA.
 */
export function imageProblem({ rows = IMAGES, batchSize = IMAGES, execution = {} } = {}) {
  const picture = () => onDevice(torch.rand([rows, 1, IMAGE, IMAGE]).mul(2).sub(1));
  const sigma = Math.sqrt(GAMMA * SAMPLER_STEPS);
  return {
    data: { x0: picture(), x1: picture() },
    process: bridge.brownian({ sigma }),
    method: {
      method: bridge.dsbm,
      network: () => onDevice(new bridge.UNet({ image_size: IMAGE, in_channels: 1 })),
      firstCoupling: "ind",
      parametrisation: { meanMatch: false, stdTrick: false, lossScale: true },
    },
    schedule: {
      grid: gridOf(SAMPLER_STEPS),
      halfIterations: 1,
      steps: 1,
      eps: 1e-4,
    },
    optimisation: { batchSize, reduction: "mean", gradClip: 1, emaRate: 0.999, lr: RATE },
    execution,
    seed: 0,
  };
}

/** A training step of the image trainer. */
export function unetStep(dtype = "float32") {
  const full = bridge.completeProblem(imageProblem({ execution: { dtype } }));
  const step = stepOf(full, full.optimisation.emaRate);
  return { run: repeatInScope(() => step({ x0: full.data.x0, x1: full.data.x1 })), warm: 1 };
}

/** One evaluation of the network, as a sampler makes it: recorded. */
export function unetForward(dtype = null) {
  const network = imageProblem().method.network("f").eval();
  const forward = torch.recordCalls((x, t) =>
    torch.autocast(dtype, () => network.forward(x, t)).to(x.dtype),
  );
  const x = onDevice(torch.randn([IMAGES, 1, IMAGE, IMAGE]));
  const t = onDevice(torch.rand([IMAGES]));
  const run = repeatInScope(() => waitForDevice(forward(x, t)[0]));
  return { run: (reps) => torch.noGrad(() => run(reps)), warm: 1 };
}

export const convolution = (c) => new torch.nn.Conv2d(c, c, 3, { padding: 1 });
export const normSilu = (groups) => (c) => {
  const norm = new torch.nn.GroupNorm(groups, c);
  return Object.assign(norm, { forward: norm.silu });
};

/** A layer of so many channels and its gradients, recorded. */
export function layerPass(make, channels = 64) {
  const layer = onDevice(make(channels));
  const x = onDevice(torch.randn([IMAGES, channels, IMAGE, IMAGE])).to({
    memoryFormat: "channelsLast",
  });
  x.requiresGrad_();
  const pass = torch.recordCalls(() => {
    const y = layer.forward(x);
    return [y, ...torch.grad([y.sum()], [x, ...layer.parameters()])];
  });
  return { run: repeatInScope(() => waitForDevice(pass()[0])), warm: 2 };
}

/** IMAGES through SAMPLER_STEPS Euler–Maruyama steps, the last one without noise. */
export function unetSimulation(threads, dtype = null) {
  const grid = gridOf(SAMPLER_STEPS);
  const how = { grid, threads, chunkRows: 8, dtype, lastNoise: false };
  return { run: simulation(imageProblem(), "f", how), warm: 0 };
}
