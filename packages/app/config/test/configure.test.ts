// Overrides as objects give what the same overrides give as text.

import { describe, expect, it } from "vitest";
import { train } from "../src/commands/train.js";
import { configure, resolve } from "../src/configure.js";

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
    const member = configure(train, overrides);
    expect(member).toEqual(resolve(train, words).members[0]);
    expect(member.words).toEqual(words);
  });

  it("changes none of its arguments", () => {
    const overrides = { fb_sequence: ["b"] };
    configure(train, overrides).config.fb_sequence?.push("f");
    expect(overrides).toEqual({ fb_sequence: ["b"] });
  });
});
