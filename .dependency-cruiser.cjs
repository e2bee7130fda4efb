// The order of imports between the rooms as rules, one a room, plus: no cycles, no back doors.
const { rooms, tests } = require("./scripts/rooms.cjs");

const names = Object.keys(rooms);
const packageName = (room) => (room === "cli" ? "dsbm" : `@dsbm/${room}`);
// A room is met as its folder, or by its package's name where its dist/ is not built yet.
const place = (room) => `^packages/${room}/|^(node_modules/)?${packageName(room)}(/|$)`;

const arrow = names.flatMap((room) => {
  const rule = (suffix, folder, allowed) => ({
    name: `arrow-${room}${suffix}`,
    severity: "error",
    comment: `${room}${suffix} may import ${allowed.join(", ") || "no other room"} (scripts/rooms.cjs)`,
    from: { path: `^packages/${room}/${folder}` },
    to: { path: names.filter((name) => name !== room && !allowed.includes(name)).map(place) },
  });
  const beside = [...rooms[room], ...(tests[room] ?? [])];
  return [rule("", "(?!test/)", rooms[room]), rule("-tests", "test/", beside)];
});

module.exports = {
  forbidden: [
    ...arrow.filter(({ to }) => to.path.length > 0),
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
      comment: "another room is imported by its package name, through its index",
      from: { path: "^packages/([^/]+)/" },
      to: { path: "^packages/[^/]+/(src|test)/", pathNot: "^packages/$1/" },
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
    doNotFollow: { path: ["node_modules", "^packages/[^/]+/(dist|build)/"] },
    exclude: { path: ["^packages/[^/]+/build/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      extensions: [".ts", ".tsx", ".js", ".mjs", ".cjs", ".json"],
    },
  },
};
