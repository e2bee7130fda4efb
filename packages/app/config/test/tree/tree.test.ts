import { describe, expect, it } from "vitest";
import { flatten, merge, type Tree } from "../../src/tree.js";
import { expectRefused } from "../thrown.js";

const base = () => ({ dim: 5, net: { width: 256, act: "silu" }, seq: ["b", "f"] });

describe("merge", () => {
  it.each<[over: object, changed: Tree]>([
    [{ dim: 20 }, { dim: 20 }],
    [{ "net.width": 128 }, { net: { width: 128, act: "silu" } }],
    [{ net: { width: 64 } }, { net: { width: 64, act: "silu" } }],
    [{ net: { width: undefined }, dim: undefined }, {}],
    [{ net: 5 }, { net: 5 }],
    [{ seq: ["b"] }, { seq: ["b"] }],
    [{ "a.b.c": 1 }, { a: { b: { c: 1 } } }],
  ])("%j changes a copy", (over, changed) => {
    const tree = base();
    expect(merge(tree, over)).toEqual({ ...base(), ...changed });
    expect(tree).toEqual(base());
  });

  it("shares no list with its arguments", () => {
    const over = { seq: [1] };
    (merge(base(), over).seq as number[]).push(2);
    expect(over).toEqual({ seq: [1] });
  });

  it("refuses paths through scalars, and the key __proto__", () => {
    expectRefused(() => merge(base(), { "dim.x": 4 }), /"dim" is 5, not a group of keys/, "value");
    const hostile = JSON.parse('{"a":{"__proto__":{"polluted":1}}}');
    expectRefused(() => merge({}, hostile), /__proto__/, "unknown_key");
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

it("flatten gives dotted keys, lists whole", () =>
  expect(flatten(base())).toEqual({
    dim: 5,
    "net.width": 256,
    "net.act": "silu",
    seq: ["b", "f"],
  }));
