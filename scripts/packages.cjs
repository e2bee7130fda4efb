// The packages: where each lies and which others it may import. The checks of imports, manifests and budgets read this
// one table, so a new package is a line here (CommonJS, because dependency-cruiser's file is).
const base = ["files", "torch", "bridge", "nets", "data", "train", "config", "runs"];

/** Group of folders, and the packages that may be imported. */
const packages = {
  files: { group: "engine", budget: 4_381, imports: [] },
  torch: { group: "engine", budget: 41_035, imports: ["files"] },
  bridge: { group: "library", budget: 68_000, imports: ["files", "torch"] },
  nets: { group: "library", budget: 16_960, imports: ["files", "torch", "bridge"] },
  data: { group: "library", budget: 41_386, imports: ["files", "torch", "bridge"] },
  train: { group: "library", budget: 30_669, imports: ["files", "torch", "bridge"] },
  config: { group: "app", budget: 23_280, imports: ["files"] },
  runs: { group: "app", budget: 36_000, imports: ["files"] },
  datasets: { group: "app", budget: 11_000, imports: base },
  problem: { group: "app", budget: 6_000, imports: [...base, "datasets"] },
  inference: { group: "app", budget: 22_000, imports: [...base, "datasets", "problem"] },
  evaluation: {
    group: "app",
    budget: 36_000,
    imports: [...base, "datasets", "problem", "inference"],
  },
  experiment: {
    group: "app",
    budget: 18_000,
    imports: [...base, "datasets", "problem", "inference", "evaluation"],
  },
  fit: {
    group: "app",
    budget: 16_000,
    imports: [...base, "datasets", "problem", "inference", "evaluation", "experiment"],
  },
  web: { group: "pages", budget: 27_608, imports: ["files"] },
  studio: { group: "pages", budget: 21_000, imports: ["files", "runs"] },
  export: {
    group: "command",
    budget: 16_500,
    imports: [...base, "datasets", "problem", "inference", "web"],
  },
  cli: {
    group: "command",
    budget: 22_000,
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
};

/** Further imports of the tests of a package: training is tested on networks and data. */
const tests = { nets: ["data", "train"], train: ["nets", "data"] };

/** At most: the sum of the budgets, words of comments in src, code tokens of tests, packed literals in src. */
const limits = { tokens: 480_000, commentWords: 70_000, testTokens: 320_000, packed: 0 };

const folderOf = (name) => `packages/${packages[name].group}/${name}`;
const packageName = (name) => (name === "cli" ? "dsbm" : `@dsbm/${name}`);

module.exports = { packages, tests, limits, folderOf, packageName };
