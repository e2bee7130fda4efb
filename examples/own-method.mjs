// A method of your own: what pairs it trains on, and what the network is to predict. Everything else is there already.
// This one matches bridges of independent pairs once, and never simulates: plain bridge matching.
import { fit } from "dsbm";
import { independent, methods } from "dsbm/bridge";
import { loadTable } from "dsbm/data";

const n = 2000;
const minutes = 2;

methods.once = {
  name: "once",
  predicts: "drift", // what samples follow
  networks: "each", // one for each direction
  eps: 1e-3, // times of training are in [eps, 1 - eps]
  rows: {
    pairs: true, // of source and target
    make: ({ data, generator }) => independent(data, generator),
  },
  regression({ x0, x1 }, { direction, process, t, noise }) {
    const sample = { x0, x1, t, z: noise(x0) }; // a point of the Brownian bridge between x0 and x1
    return { x: process.bridge(sample), t, target: process.target(direction, sample) };
  },
};

const draw = (name) => loadTable(name, { split: "train", n }).x;
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
