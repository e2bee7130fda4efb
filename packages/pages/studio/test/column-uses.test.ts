// The uses of columns as options of `dsbm fit`, and back.
import { describe, expect, it } from "vitest";
import { listItems, useOf, withUse } from "../src/widgets/column-uses.js";

const column = (name: string, ...examples: string[]) => ({ name, examples });

describe("options of columns", () => {
  it.each([
    [{}, column("id"), "data.exclude", { "data.exclude": "[id]" }],
    [{ "data.exclude": "[id]" }, column("a b"), "data.exclude", { "data.exclude": "[id,'a b']" }],
    [{ "data.exclude": "[id,'a b']" }, column("id"), null, { "data.exclude": "['a b']" }],
    [{ "data.exclude": "id" }, column("id"), null, {}],
    // A column has one use, and a course has one column of times.
    [{ "data.keep": "[id]" }, column("id"), "time", { time: "id" }],
    [{ time: "day" }, column("week"), "time", { time: "week" }],
    [
      { sigma: "1", time: "day" },
      column("day"),
      "data.condition",
      { sigma: "1", "data.condition": "day" },
    ],
    [
      {},
      column("when", "before", "after", "later"),
      "data.split_by",
      { "data.split_by": "when", "data.source": "before", "data.target": "after" },
    ],
    [
      { "data.split_by": "when", "data.source": "before", "data.target": "after" },
      column("when"),
      null,
      {},
    ],
  ] as const)("%j with %j as %s are %j", (options, changed, use, next) => {
    expect(withUse(options, changed, use)).toEqual(next);
    expect(useOf(next, changed.name)).toBe(use);
  });

  it.each([
    ["[a,b]", ["a", "b"]],
    ["a", ["a"]],
    ["['a, b',c]", ["a, b", "c"]],
    ["['it\\'s']", ["it's"]],
    ["[]", []],
  ])("the list %s has the items %j", (text, items) => {
    expect(listItems(text)).toEqual(items);
  });
});
