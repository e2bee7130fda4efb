// The arrow: which rooms a room may import. The checker of imports and that of the manifests read
// this one table, so a new room is a line here (CommonJS, because dependency-cruiser's file is).
module.exports = {
  config: [],
  torch: [],
  runs: [],
  bridge: ["torch"],
  onnx: ["torch"],
  studio: ["runs"],
  cli: ["config", "torch", "bridge", "onnx", "runs", "studio"],
};
