// A method of your own: plain bridge matching. It pairs rows independently and trains once, without simulation.
import { fit } from "dsbm";
import { independent, type Method, methods, type Pairs } from "dsbm/bridge";
import { loadTable } from "dsbm/data";

const n = 2000;
const minutes = 2;

const onceMethod: Method<Pairs> = {
  name: "once",
  predicts: "drift", // what a sample follows
  networks: "each", // one network for each direction
  eps: 1e-3, // training times are in [eps, 1 - eps]
  rows: {
    pairs: true,
    make: ({ data, generator }) => independent(data, generator),
  },
  regression({ x0, x1 }, { direction, process, t, noise }) {
    const sample = { x0, x1, t, z: noise(x0) }; // a point of the Brownian bridge between x0 and x1
    return { x: process.bridge(sample), t, target: process.target(direction, sample) };
  },
};
methods.once = onceMethod;

const draw = (name: string) => loadTable(name, { split: "train", n }).x;
const bridge = await fit({
  source: draw("normal"),
  target: draw("moons"),
  method: "once",
  n_ipf: 1,
  sigma: 1,
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

const { rows } = await bridge.evaluate({ metrics: ["sliced_w2", "displacement"] });
for (const { title, direction, value, floor } of rows) console.log(title, direction, value, floor);
console.log(`report: ${bridge.report}`);
bridge.dispose();
