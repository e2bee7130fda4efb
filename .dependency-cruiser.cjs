// The order of imports between the rooms as rules, one a room, plus: no cycles, no back doors.
const rooms = require("./scripts/rooms.cjs");

const names = Object.keys(rooms);
const packageName = (room) => (room === "cli" ? "dsbm" : `@dsbm/${room}`);
// A room is met as its folder, or by its package's name where its dist/ is not built yet.
const place = (room) => `^packages/${room}/|^(node_modules/)?${packageName(room)}(/|$)`;

const arrow = names.map((room) => {
  const others = names.filter((name) => name !== room && !rooms[room].includes(name));
  return {
    name: `arrow-${room}`,
    severity: "error",
    comment: `${room} may import ${rooms[room].join(", ") || "no other room"} (scripts/rooms.cjs)`,
    from: { path: `^packages/${room}/` },
    to: { path: others.map(place) },
  };
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
      to: { couldNotResolve: true, pathNot: "^(@dsbm/|dsbm$|[.][.]/dist/)" },
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
