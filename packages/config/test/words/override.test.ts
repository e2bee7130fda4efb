import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArgv } from "../../src/words/argv.js";
import { type Override, parseOverride, printOverride } from "../../src/words/override.js";
import { expectRefused, thrown } from "../thrown.js";

describe("parseOverride", () => {
  const one = { values: [1], sweep: false };
  const table: [token: string, override: Override][] = [
    ["dim=1", { kind: "set", key: "dim", ...one }],
    [" dim = 1 ", { kind: "set", key: "dim", ...one }],
    ["a.b.c=1", { kind: "set", key: "a.b.c", ...one }],
    ["hydra/launcher=1", { kind: "set", key: "hydra/launcher", ...one }],
    ["+x.y=1", { kind: "add", key: "x.y", ...one }],
    ["++x=1", { kind: "force", key: "x", ...one }],
    ["~x", { kind: "delete", key: "x", values: [], sweep: false }],
    ["~x.y=1", { kind: "delete", key: "x.y", ...one }],
    ["name=", { kind: "set", key: "name", values: [""], sweep: false }],
    ["fb_sequence=[b]", { kind: "set", key: "fb_sequence", values: [["b"]], sweep: false }],
    ["dim=5,20", { kind: "set", key: "dim", values: [5, 20], sweep: true }],
  ];
  it.each(table)("%s", (token, override) => {
    expect(parseOverride(token)).toEqual(override);
  });

  it.each([
    ["dim", /no "="; write dim=…/],
    ["=5", /got the key ""/],
    ["a..b=1", /got the key "a\.\.b"/],
    ["+++a=1", /got the key "\+a"/],
    ["a b=1", /got the key "a b"/],
    ["__proto__.x=1", /got the key "__proto__\.x"/],
    ["~a=1,2", /no sweep/],
    ["a\nb=1", /cannot read "a\\nb=1"/],
  ])("refuses %j", (token, message) => {
    expectRefused(() => parseOverride(token), message, "syntax");
  });

  it("counts the place of a mistake from the start of the token", () => {
    expect(thrown(() => parseOverride("ab=[1")).message).toContain("at character 6");
  });

  it("prints what it parses back", () => {
    const key = fc.stringMatching(/^[a-z_]\w*(\.[a-z]\w*){0,2}$/).filter((k) => k !== "__proto__");
    const scalar = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null));
    const kind = fc.constantFrom<Override["kind"][]>("set", "add", "force", "delete");
    fc.assert(
      fc.property(kind, key, fc.array(scalar, { minLength: 1 }), fc.boolean(), (k, name, v, s) => {
        const sweep = k !== "delete" && (s || v.length > 1);
        const values = k === "delete" ? v.slice(0, s ? 1 : 0) : v;
        const override = { kind: k, key: name, values, sweep };
        expect(parseOverride(printOverride(override))).toEqual(override);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });
});

describe("parseArgv", () => {
  it("takes switches anywhere among the overrides", () => {
    const argv = parseArgv(["dim=5,20", "-m", "seed=1"]);
    expect(argv.multirun).toBe(true);
    expect(argv.help).toBe(false);
    expect(argv.overrides.map(printOverride)).toEqual(["dim=5,20", "seed=1"]);
    expect(parseArgv(["--help", "--multirun"])).toEqual({
      overrides: [],
      multirun: true,
      help: true,
    });
  });

  it("reports every token that it cannot read", () => {
    const error = thrown(() =>
      parseArgv(["dim", "--multirnu", "--lr=1", "a=[", "seed=1", "--cfg"]),
    );
    expect(error.problems).toHaveLength(5);
    expect(error.problems[1]).toBe('unknown option "--multirnu": did you mean --multirun?');
    expect(error.problems[2]).toBe('unknown option "--lr=1": settings have no dashes: write lr=1');
    expect(error.problems[4]).toContain("settings are written key=value");
    expect(error.message.split("\n")).toEqual(error.problems);
  });
});
