// Points in memory: a bridge between a ring and two half moons, there and back.
import { fit } from "dsbm";
import { loadTable } from "dsbm/data";

const n = 2000;
const minutes = 2;

// Rows of numbers on one side, a tensor [n, 2] on the other; they are not paired.
const ring = Array.from({ length: n }, (_, i) => {
  const radius = 3 + 0.2 * Math.sin(7 * i);
  return [radius * Math.cos(i), radius * Math.sin(i)];
});
const moons = loadTable("moons", { split: "train", n }).x;

const bridge = await fit({
  source: ring,
  target: moons,
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

const { x } = await bridge.sample(ring.slice(0, 5), { seed: 1 });
const { x: ringAgain } = await bridge.sample(x, { direction: "b", seed: 2 });
for (const [i, point] of x.entries()) console.log(ring[i], "→", point, "→", ringAgain[i]);

const { times, states } = await bridge.paths(ring.slice(0, 1), { seed: 1 });
for (const [k, time] of times.entries()) console.log(time, states[k]?.[0]);

console.log(`report: ${bridge.report}`);
bridge.dispose();
