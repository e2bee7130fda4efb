// The packages: where each lies and which others it may import. The checks of imports, manifests and budgets read this
// one table, so a new package is a line here (CommonJS, because dependency-cruiser's file is).
const base = ["files", "torch", "bridge", "nets", "data", "train", "config", "runs"];

/** Group of folders, and the packages that may be imported. */
const packages = {
  files: { group: "engine", budget: 4_000, imports: [] },
  torch: { group: "engine", budget: 69_800, imports: ["files"] },
  bridge: { group: "library", budget: 66_700, imports: ["files", "torch"] },
  nets: { group: "library", budget: 19_600, imports: ["files", "torch", "bridge"] },
  data: { group: "library", budget: 45_100, imports: ["files", "torch", "bridge"] },
  train: { group: "library", budget: 36_400, imports: ["files", "torch", "bridge"] },
  config: { group: "app", budget: 29_500, imports: ["files"] },
  runs: { group: "app", budget: 51_400, imports: ["files"] },
  problem: { group: "app", budget: 10_200, imports: base },
  inference: { group: "app", budget: 17_400, imports: [...base, "problem"] },
  evaluation: { group: "app", budget: 25_300, imports: [...base, "problem", "inference"] },
  experiment: {
    group: "app",
    budget: 34_600,
    imports: [...base, "problem", "inference", "evaluation"],
  },
  export: { group: "app", budget: 22_800, imports: [...base, "problem", "inference", "web"] },
  web: { group: "pages", budget: 33_200, imports: ["files"] },
  studio: { group: "pages", budget: 32_300, imports: ["files", "runs", "web"] },
  cli: {
    group: "app",
    budget: 55_900,
    imports: [
      ...base,
      "problem",
      "inference",
      "evaluation",
      "experiment",
      "export",
      "web",
      "studio",
    ],
  },
};

/** What the tests of a package may import besides: training is tested on networks and data. */
const tests = { nets: ["data", "train"], train: ["nets", "data"] };

/** At most: words of comments in src, code tokens of tests, packed literals in src. */
const limits = { commentWords: 94_000, testTokens: 470_000, packed: 570 };

const folderOf = (name) => `packages/${packages[name].group}/${name}`;
const packageName = (name) => (name === "cli" ? "dsbm" : `@dsbm/${name}`);

module.exports = { packages, tests, limits, folderOf, packageName };
