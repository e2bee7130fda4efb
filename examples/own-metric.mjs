// A metric of your own is measured like all others: its floor is that of other target samples, its ceiling that of the source.
import { fit } from "dsbm";
import { squaredDistances } from "dsbm/bridge";
import { loadTable } from "dsbm/data";

const n = 2000;
const minutes = 2;

const nearest = {
  name: "nearest",
  title: "nearest neighbour in the target",
  group: "ends",
  meaning: "The median distance from a generated sample to its nearest target sample.",
  // In units of the samples: 1, of their square: 2.
  power: 1,
  // For x [n, d] and y [m, d].
  compare: (x, y) =>
    squaredDistances(x, y)
      .amin({ dim: [1] })
      .sqrt()
      .median()
      .item(),
};

const draw = (name) => loadTable(name, { split: "train", n, seed: 1 }).x;
const bridge = await fit({
  source: draw("normal"),
  target: draw("moons"),
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

const { rows } = await bridge.evaluate({ own: [nearest], metrics: ["nearest"] });
for (const { title, direction, value, floor, ceiling } of rows)
  console.log(`${title}, ${direction}: ${value} (floor ${floor}, ceiling ${ceiling})`);
console.log(`report: ${bridge.report}`);
bridge.dispose();
