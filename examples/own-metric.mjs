// A metric of your own is a function of samples. Beside it stands its floor: what two samples of the target give.
import { fit } from "dsbm";
import { squaredDistances } from "dsbm/bridge";
import { loadTable } from "dsbm/data";
import { tidy } from "dsbm/torch";

const n = 2000;
const minutes = 2;

/** The median distance from a point of x to its nearest neighbour in y, for x [n, d] and y [m, d]. */
const nearest = (x, y) =>
  tidy(() =>
    squaredDistances(x, y)
      .amin({ dim: [1] })
      .sqrt()
      .median()
      .item(),
  );

const draw = (name, seed) => loadTable(name, { split: "train", n, seed }).x;
const source = draw("normal", 1);
const target = draw("moons", 1);
const bridge = await fit({
  source,
  target,
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

// Fresh samples of both ends, which the bridge has not seen.
const { x: ends } = await bridge.sample(draw("normal", 2), { seed: 1 });
const fresh = draw("moons", 2);
console.log(`nearest neighbour in the target: ${nearest(ends, fresh)}`);
console.log(`of other samples of the target:  ${nearest(draw("moons", 3), fresh)} (the floor)`);
console.log(`of the source:                   ${nearest(source, fresh)} (the ceiling)`);
console.log(`report: ${bridge.report}`);
bridge.dispose();
