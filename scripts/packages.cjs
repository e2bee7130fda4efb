// The packages: where each lies and which others it may import. The checks of imports, manifests and budgets read this
// one table, so a new package is a line here (CommonJS, because dependency-cruiser's file is).
const base = ["files", "torch", "bridge", "nets", "data", "train", "config", "runs"];

/**
 * Group of folders, the packages that may be imported, single `entries` of others (`package/entry`, a folder of its src), and
 * the budget: at most so many code tokens without imports. A change that needs more raises the budget and says in its commit why.
 */
const packages = {
  files: { group: "engine", budget: 5_900, imports: [] },
  // A second engine: about 320 operations, each with its schema and most with a derivative.
  portable: { group: "engine", budget: 76_800, imports: [] },
  torch: { group: "engine", budget: 40_600, imports: ["files", "portable"] },
  bridge: { group: "library", budget: 73_300, imports: ["files", "torch"] },
  nets: { group: "library", budget: 19_400, imports: ["files", "torch", "bridge"] },
  data: { group: "library", budget: 98_400, imports: ["files", "torch", "bridge"] },
  train: { group: "library", budget: 32_200, imports: ["files", "torch", "bridge"] },
  // Of bridge, config and runs import what methods state: this entry loads no libtorch.
  config: { group: "app", budget: 26_400, imports: ["files"], entries: ["bridge/facts"] },
  runs: { group: "app", budget: 46_200, imports: ["files"], entries: ["bridge/facts"] },
  datasets: { group: "app", budget: 19_200, imports: base },
  problem: { group: "app", budget: 2_900, imports: [...base, "datasets"] },
  inference: { group: "app", budget: 30_500, imports: [...base, "datasets", "problem"] },
  evaluation: {
    group: "app",
    budget: 45_000,
    imports: [...base, "datasets", "problem", "inference"],
  },
  experiment: {
    group: "app",
    budget: 24_300,
    imports: [...base, "datasets", "problem", "inference", "evaluation"],
  },
  fit: {
    group: "app",
    budget: 16_400,
    imports: [...base, "datasets", "problem", "inference", "evaluation", "experiment"],
  },
  web: { group: "pages", budget: 35_200, imports: ["files"] },
  studio: { group: "pages", budget: 44_500, imports: ["files", "runs", "web"] },
  export: {
    group: "command",
    budget: 16_000,
    imports: [...base, "datasets", "problem", "inference", "web"],
  },
  cli: {
    group: "command",
    budget: 22_400,
    imports: [
      ...base,
      "datasets",
      "problem",
      "inference",
      "evaluation",
      "experiment",
      "fit",
      "export",
      "web",
      "studio",
    ],
  },
  browser: {
    group: "command",
    budget: 16_500,
    imports: [...base, "inference", "web", "studio", "cli"],
  },
};

/** Further imports of the tests of a package: training is tested on networks and data. */
const tests = { nets: ["data", "train"], train: ["nets", "data"] };

const folderOf = (name) => `packages/${packages[name].group}/${name}`;
const packageName = (name) => (name === "cli" ? "dsbm" : `@dsbm/${name}`);

module.exports = { packages, tests, folderOf, packageName };
