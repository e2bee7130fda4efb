// Overrides as objects give what the same overrides give as text.

import { describe, expect, it } from "vitest";
import { fit } from "../src/commands/fit.js";
import { gaussian, train } from "../src/commands/train.js";
import { configure, resolve } from "../src/configure.js";
import { dirs } from "./commands/support.js";
import { thrown } from "./thrown.js";

describe("configure", () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ n_ipf: 2, model: { num_channels: 32 } }, ["n_ipf=2", "model.num_channels=32"]],
    [{ dataset: "moons", method: "bm", seed: undefined }, ["dataset=moons", "method=bm"]],
    [
      { "model.channel_mult": "1,2", fb_sequence: ["b"] },
      ["model.channel_mult='1,2'", "fb_sequence=[b]"],
    ],
    [{ name: "a, b", Dataset: "table:a=b.csv" }, ["name='a, b'", "Dataset=table:a=b.csv"]],
  ])("%j", (overrides, words) => {
    const member = configure(train, overrides, { dirs });
    expect(member).toEqual(resolve(train, words, { dirs }).members[0]);
    expect(member.words).toEqual(words);
  });

  it("takes second names, and the last of two values", () => {
    const { config } = configure(gaussian, { dim: 7, net_name: "mlp_small" }, { dirs });
    expect(config).toMatchObject({ data: { dim: 7 }, model: { hidden: "128,128" } });
    const merged = { "data.n_test": 5, data: { n_test: 9 }, max_minutes: null };
    expect(configure(fit, merged, { dirs }).config).toMatchObject({
      data: { n_test: 9 },
      max_minutes: null,
    });
  });

  it("changes none of its arguments", () => {
    const overrides = { fb_sequence: ["b"] };
    configure(train, overrides, { dirs }).config.fb_sequence?.push("f");
    expect(overrides).toEqual({ fb_sequence: ["b"] });
  });

  it("refuses with a line for each problem", () => {
    const error = thrown(() => configure(train, { n_ipf: 0, model: { dropot: 1 } }, { dirs }));
    expect(error.problems).toEqual([
      expect.stringMatching(/"model.dropot": did you mean "model.dropout"/),
      expect.stringMatching(/^n_ipf: expected an integer >= 1, got 0/),
    ]);
  });
});
