// The order of imports between the packages as rules, one a package, plus: no cycles, no back doors.
const { packages, tests, folderOf, packageName } = require("./scripts/packages.cjs");

const names = Object.keys(packages);
// A package is met as its folder, or by its name if its dist/ is not built yet.
const place = (name) => `^${folderOf(name)}/|^(node_modules/)?${packageName(name)}(/|$)`;
/** An entry `package/entry`: a folder of the package's src. */
const entryPlace = (entry) => {
  const [name, folder] = entry.split("/");
  return `^${folderOf(name)}/(src|dist)/${folder}/|^(node_modules/)?${packageName(name)}/${folder}$`;
};
const entries = [...new Set(names.flatMap((name) => packages[name].entries ?? []))];

const arrow = names.flatMap((name) => {
  const { imports, entries = [] } = packages[name];
  const rule = (suffix, folder, allowed) => ({
    name: `arrow-${name}${suffix}`,
    severity: "error",
    comment: `${name}${suffix} may import ${[...allowed, ...entries].join(", ") || "no other package"} (scripts/packages.cjs)`,
    from: { path: `^${folderOf(name)}/${folder}` },
    to: {
      path: names.filter((other) => other !== name && !allowed.includes(other)).map(place),
      ...(entries.length > 0 && { pathNot: entries.map(entryPlace) }),
    },
  });
  const testImports = [...imports, ...(tests[name] ?? [])];
  return [rule("", "(?!test/)", imports), rule("-tests", "test/", testImports)];
});

module.exports = {
  forbidden: [
    ...arrow.filter(({ to }) => to.path.length > 0),
    ...entries.map((entry) => ({
      name: `alone-${entry.replace("/", "-")}`,
      severity: "error",
      comment: `${entry} is read without its package, and imports nothing but its own folder`,
      from: { path: `^${folderOf(entry.split("/")[0])}/src/${entry.split("/")[1]}/` },
      to: { pathNot: entryPlace(entry) },
    })),
    {
      name: "no-cycle",
      severity: "error",
      // An `import type` back to the door that says what a method is costs nothing at run time.
      comment: "files that need each other are one file, or three",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-folder-cycle",
      severity: "error",
      comment: "folders that need each other are one folder, or three",
      scope: "folder",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-back-door",
      severity: "error",
      comment: "another package is imported by its name, through its index",
      from: { path: "^packages/([^/]+/[^/]+)/" },
      to: { path: "^packages/[^/]+/[^/]+/(src|test)/", pathNot: "^packages/$1/" },
    },
    {
      name: "no-unresolved",
      severity: "error",
      comment: "an import that leads nowhere (what is not built yet aside)",
      from: {},
      to: { couldNotResolve: true, pathNot: "^(@dsbm/|dsbm$|node$|[.][.]/dist/)" },
    },
  ],
  options: {
    doNotFollow: { path: ["node_modules", "^packages/[^/]+/[^/]+/(dist|build)/"] },
    exclude: { path: ["^packages/[^/]+/[^/]+/build/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".cjs", ".json"],
    },
  },
};
