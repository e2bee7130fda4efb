import { describe, expect, it } from "vitest";
import { applyOverride } from "../../src/tree/apply.js";
import { merge } from "../../src/tree/tree.js";
import { parseOverride } from "../../src/words/override.js";
import type { Tree } from "../../src/words/value.js";
import { expectRefused, thrown } from "../thrown.js";

const start = (): Tree => ({
  dim: 5,
  eps: null,
  net: { width: 256, act: "silu" },
  seq: ["b", "f"],
});

describe("applyOverride", () => {
  it.each<[token: string, changed: Tree]>([
    ["dim=20", { dim: 20 }],
    ["eps=1e-3", { eps: 1e-3 }],
    ["net.width=128", { net: { width: 128, act: "silu" } }],
    ["net={width:64}", { net: { width: 64, act: "silu" } }],
    ["net=5", { net: 5 }],
    ["seq=[b]", { seq: ["b"] }],
    ["seq.1=b", { seq: ["b", "b"] }],
    ["+net.depth=3", { net: { width: 256, act: "silu", depth: 3 } }],
    ["+net={depth:3}", { net: { width: 256, act: "silu", depth: 3 } }],
    ["+a.b.c=1", { a: { b: { c: 1 } } }],
    ["++dim=7", { dim: 7 }],
    ["++new=7", { new: 7 }],
    ["other=5", { other: 5 }],
    ["~seq.0", { seq: ["f"] }],
  ])("%s", (token, changed) => {
    const tree = start();
    applyOverride(tree, parseOverride(token));
    expect(tree).toEqual({ ...start(), ...changed });
  });

  it.each(["~net.act", "~net.act=silu"])("%s removes", (token) => {
    const tree = start();
    applyOverride(tree, parseOverride(token));
    expect(tree).toEqual({ ...start(), net: { width: 256 } });
  });

  it.each([
    ["~dmi", "unknown_key", 'unknown key "dmi": did you mean "dim"?'],
    ["~net.widht", "unknown_key", 'unknown key "net.widht": did you mean "net.width"?'],
    ["~toString", "unknown_key", /it is not in the configuration/],
    ["~other", "unknown_key", /it is not in the configuration$/],
    ["~dim=4", "value", /removes nothing: "dim" is 5/],
    ["+dim=4", "existing_key", /"dim" is 5 already: write dim=… to change it/],
    ["+dim.x=4", "value", /cannot set "dim\.x": "dim" is 5, not a group of keys/],
    ["++seq.2=b", "value", /the list has 2 items/],
    ["dim=1,2", "sweep", /several values/],
  ])("refuses %s and changes nothing", (token, code, message) => {
    const tree = start();
    expectRefused(() => applyOverride(tree, parseOverride(token)), message, code);
    expect(tree).toEqual(start());
  });
});

describe("merge", () => {
  it("merges mappings, replaces the rest and shares nothing with its arguments", () => {
    const base: Tree = { a: { x: 1, y: [1, 2] }, b: 1 };
    const over: Tree = { a: { y: [3], z: { q: 1 } }, b: { c: 2 } };
    const out = merge(base, over);
    expect(out).toEqual({ a: { x: 1, y: [3], z: { q: 1 } }, b: { c: 2 } });
    (out.a as { y: number[] }).y.push(9);
    ((out.a as Tree).z as Tree).q = 9;
    expect(base).toEqual({ a: { x: 1, y: [1, 2] }, b: 1 });
    expect(over).toEqual({ a: { y: [3], z: { q: 1 } }, b: { c: 2 } });
  });

  it("refuses the key __proto__ and leaves prototypes alone", () => {
    const hostile = JSON.parse('{"a":{"__proto__":{"polluted":1}}}') as Tree;
    expect(thrown(() => merge({}, hostile)).message).toContain("__proto__");
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});
