// DSBM-IMF between two arrays of points (Shi et al. 2023, Algorithm 1), with a loop of its own on the library's parts.
import {
  brownian,
  eulerMaruyama,
  independent,
  type Simulate,
  simulatedPairs,
  uniformGrid,
  wasserstein,
} from "dsbm/bridge";
import { ScoreNetwork } from "dsbm/nets";
import { Generator, noGrad, optim, rand, randint, randn, tensor, tidy } from "dsbm/torch";

const iterations = 3;
const steps = 1000;
const batch = 128;
const eps = 1e-3; // the drift of a bridge has poles at the times 0 and 1
const generator = Generator.default().manualSeed(1);

// A ring and a larger ring next to it, not paired.
const points = Array.from({ length: 1000 }, (_, i) => i);
const source = points.map((i) => [Math.cos(i), Math.sin(i)]);
const target = points.map((i) => [4 + 2 * Math.cos(i), 2 * Math.sin(i)]);
const data = { x0: tensor(source), x1: tensor(target) };

const process = brownian({ sigma: 1 }); // the reference measure Q
const options = { grid: uniformGrid(20), sigma: process.sigma, lastNoise: false };
const networks = { f: new ScoreNetwork(2), b: new ScoreNetwork(2) }; // v_θ and v_φ

/** Runs the SDE of the learnt drift, forward (eq. 9) or backward (eq. 11). */
const simulate: Simulate = (direction, x) => {
  const drift = (y: typeof x, t: typeof x) => networks[direction].forward(y, t);
  return noGrad(() => eulerMaruyama(drift, x, { ...options, direction }));
};

let { x0, x1 } = independent(data, generator); // the coupling Π⁰
for (let n = 0; n < iterations; n++)
  for (const direction of ["b", "f"] as const) {
    // Learn the drift of bridges of Q between pairs of the coupling (eq. 8 and 10).
    const network = networks[direction];
    const optimizer = new optim.Adam(network.parameters());
    for (let step = 0; step < steps; step++)
      tidy(() => {
        const rows = randint(0, x0.size(0), [batch]);
        const t = rand([batch]).clamp({ min: eps, max: 1 - eps });
        const pairs = { x0: x0.indexSelect(0, rows), x1: x1.indexSelect(0, rows) };
        const sample = { ...pairs, t, z: randn([batch, 2]) };
        const drift = network.forward(process.bridge(sample), t);
        const loss = drift.sub(process.target(direction, sample)).square().sum(1).mean();
        optimizer.zeroGrad();
        loss.backward();
        optimizer.step();
      });
    // The coupling of the learnt process: from the data at its start to the end of its SDE.
    ({ x0, x1 } = simulatedPairs(direction, data, simulate));
  }

const distance = (x: typeof x0) => wasserstein(x, data.x1).value.toFixed(3);
console.log(`W2 to the target: ${distance(data.x0)} → ${distance(simulate("f", data.x0))}`);
