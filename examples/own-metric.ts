// A metric of your own: dsbm computes its floor, ceiling and interval as for all metrics.
import { fit, type Metric } from "dsbm";
import { squaredDistances } from "dsbm/bridge";
import { loadTable } from "dsbm/data";

const n = 2000;
const minutes = 2;

const nearestMetric: Metric = {
  name: "nearest",
  title: "nearest neighbour in the target",
  group: "endpoints",
  meaning: "The median distance from a generated sample to its nearest target sample.",
  power: 1, // 1: in units of the samples, 2: in squared units
  // For generated samples x [n, d] and target samples y [m, d].
  compare: (x, y) =>
    squaredDistances(x, y)
      .amin({ dim: [1] })
      .sqrt()
      .median()
      .item(),
};

const draw = (name: string) => loadTable(name, { split: "train", n, seed: 1 }).x;
const bridge = await fit({
  source: draw("normal"),
  target: draw("moons"),
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

const { rows } = await bridge.evaluate({ extraMetrics: [nearestMetric], metrics: ["nearest"] });
for (const { title, direction, value, floor, ceiling } of rows)
  console.log(`${title}, ${direction}: ${value} (floor ${floor}, ceiling ${ceiling})`);
console.log(`report: ${bridge.report}`);
bridge.dispose();
