import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../../../test/support/scratch.js";
import { compose } from "../../src/presets/compose.js";
import type { Overrides } from "../../src/text/value.js";
import { expectRefused } from "../thrown.js";

const root = scratch();
const FILES = {
  "conf/config.yaml":
    "defaults: [common, {method: dbdsb}, {model: UNET}]\nname: main\nnum_steps: 30\n",
  "conf/common.yaml": "seed: 42\nname: common\nnet: {depth: 1}\n",
  "conf/early.yaml": "defaults: [_self_, {method: dbdsb}]\nloss_scale: mine\n",
  "conf/late.yaml": "defaults: [{method: dbdsb}]\nloss_scale: mine\n",
  "conf/method/dbdsb.yaml": "sde: ve\nloss_scale: true\ngamma_max: 0.2\n",
  "conf/method/dbdsb_vp.yaml": "defaults: [dbdsb]\nsde: vp\nloss_scale: false\n",
  "conf/method/tuned.yaml": "defaults: [dbdsb, {/model: small}]\ngamma_max: 0.034\n",
  "conf/model/UNET.yaml": "net: {width: 128}\n",
  "conf/model/small.yaml": "net: {width: 32}\n",
  "conf/dataset/mnist.yaml": "channels: 1\n",
  "conf/first.yaml": "defaults: [_self_, {dataset: own}, {method: dbdsb}, {model: UNET}]\n",
  "conf/dataset/own.yaml": "defaults: [{/model: small}, _self_]\nchannels: 3\n",
  "conf/dataset/_part.yaml": "channels: 2\n",
  "conf/loop.yaml": "defaults: [loop2]\n",
  "conf/loop2.yaml": "defaults: [loop]\n",
  "conf/bad1.yaml": "defaults: common\n",
  "conf/bad2.yaml": "defaults: [{a: b, c: d}]\n",
  "conf/bad3.yaml": "a: [\n",
  "mine/method/own.yaml": "sde: own\n",
  "mine/common.yaml": "seed: 7\n",
};

beforeAll(() => {
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
});

const run = (name: string, overrides: Overrides = {}, dirs = ["conf"]) =>
  compose({
    dirs: dirs.map((dir) => join(root, dir)),
    name,
    base: { seed: 1, extra: 2 },
    overrides,
    names: { method: ["mine", "tuned"] },
  });

describe("compose", () => {
  it("merges base and defaults in order, the file's own keys last", () => {
    const { config, choices } = run("config");
    expect(config).toEqual({
      seed: 42,
      extra: 2,
      name: "main",
      num_steps: 30,
      net: { depth: 1, width: 128 },
      sde: "ve",
      loss_scale: true,
      gamma_max: 0.2,
    });
    expect(choices).toEqual({ method: "dbdsb", model: "UNET" });
  });

  it.each<[what: string, name: string, overrides: Overrides, config: object]>([
    ["own keys where _self_ stands", "early", {}, { loss_scale: true }],
    ["own keys last", "late", {}, { loss_scale: "mine" }],
    [
      "a preset before plain overrides",
      "config",
      { gamma_max: 0.5, method: "dbdsb_vp" },
      { sde: "vp", loss_scale: false, gamma_max: 0.5 },
    ],
    [
      "what a preset brings along",
      "early",
      { method: "tuned" },
      { gamma_max: 0.034, net: { width: 32 } },
    ],
    [
      "a choice over what a preset brings",
      "first",
      { model: "UNET" },
      { net: { width: 128 }, channels: 3 },
    ],
    ["the first of two choices", "first", {}, { net: { width: 32 } }],
    ["no preset for null", "config", { model: null }, { net: { depth: 1 } }],
    ["parts of presets by name", "first", { dataset: "_part" }, { channels: 2 }],
    [
      "names of a registry, as the standard preset",
      "config",
      { method: "mine" },
      { method: "mine", sde: "ve" },
    ],
    ["a preset before a name of a registry", "config", { method: "tuned" }, { gamma_max: 0.034 }],
  ])("takes %s", (_what, name, overrides, config) => {
    expect(run(name, overrides).config).toMatchObject(config);
  });

  it.each<[name: string, overrides: Overrides, code: string, message: RegExp]>([
    [
      "config",
      { method: "dbdbs" },
      "preset",
      /no preset "method\/dbdbs" in .*: did you mean "dbdsb"\?/,
    ],
    ["config", { method: "minne" }, "preset", /did you mean "mine"\?/],
    ["first", { dataset: "zzzzzzzz" }, "preset", /there are: mnist, own$/],
    ["config", { method: "../common" }, "preset", /no preset/],
    ["config", { method: ["a"] }, "preset", /expected the name of a preset in method\//],
    ["confg", {}, "preset", /did you mean "config"\?/],
    ["loop", {}, "cycle", /loop -> loop2 -> loop$/],
    ["bad1", {}, "preset", /"defaults" must be a list, got common/],
    ["bad2", {}, "preset", /cannot read the defaults entry \{a:b,c:d\}/],
    ["bad3", {}, "yaml", /bad3\.yaml is not valid YAML/],
  ])("refuses %s %j", (name, overrides, code, message) => {
    expectRefused(() => run(name, overrides), message, code);
  });
});
