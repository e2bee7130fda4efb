// The arrow: which rooms a room may import. The checker of imports and that of the manifests read
// this one table, so a new room is a line here (CommonJS, because dependency-cruiser's file is).
const rooms = {
  config: [],
  torch: [],
  runs: [],
  web: [],
  studio: ["runs", "web"],
  bridge: ["torch"],
  nets: ["torch", "bridge"],
  data: ["torch", "bridge"],
  train: ["torch", "bridge"],
  cli: ["config", "torch", "bridge", "nets", "data", "train", "runs", "web", "studio"],
};
/** What the tests of a room may import besides: training is tested on networks and data. */
const tests = { nets: ["data", "train"], train: ["nets", "data"] };
module.exports = { rooms, tests };
