// The arrow: which rooms a room may import. The checker of imports and that of the manifests read
// this one table, so a new room is a line here (CommonJS, because dependency-cruiser's file is).
const rooms = {
  files: [],
  config: ["files"],
  torch: ["files"],
  runs: ["files"],
  web: ["files"],
  studio: ["files", "runs", "web"],
  bridge: ["files", "torch"],
  nets: ["files", "torch", "bridge"],
  data: ["files", "torch", "bridge"],
  train: ["files", "torch", "bridge"],
  cli: ["files", "config", "torch", "bridge", "nets", "data", "train", "runs", "web", "studio"],
};
/** What the tests of a room may import besides: training is tested on networks and data. */
const tests = { nets: ["data", "train"], train: ["nets", "data"] };
module.exports = { rooms, tests };
