import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { compose } from "../../src/presets/compose.js";
import { parseOverride } from "../../src/words/override.js";
import { expectRefused, thrown } from "../thrown.js";

const root = scratch();
const FILES = {
  "conf/config.yaml":
    "defaults:\n  - common\n  - method: dbdsb\n  - model: UNET\nname: main\nnum_steps: 30\n",
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
  mkdirSync(join(root, "conf/folder.yaml"));
});

const run = (name: string, words: string[] = [], dirs = ["conf"]) =>
  compose({
    dirs: dirs.map((dir) => join(root, dir)),
    name,
    overrides: words.map((word) => parseOverride(word)),
  });

describe("compose", () => {
  it("merges the defaults in order, the file's own keys last", () => {
    const { config, choices } = run("config");
    expect(config).toEqual({
      seed: 42,
      name: "main",
      num_steps: 30,
      net: { depth: 1, width: 128 },
      sde: "ve",
      loss_scale: true,
      gamma_max: 0.2,
    });
    expect(choices).toEqual({ method: "dbdsb", model: "UNET" });
  });

  it("puts the file's own keys where _self_ stands", () => {
    expect(run("early").config.loss_scale).toBe(true);
    expect(run("late").config.loss_scale).toBe("mine");
  });

  it("chooses a group's preset by override, before plain overrides", () => {
    const { config, choices } = run("config", ["gamma_max=0.5", "method=dbdsb_vp"]);
    expect(config).toMatchObject({ sde: "vp", loss_scale: false, gamma_max: 0.5 });
    expect(choices.method).toBe("dbdsb_vp");
    expect(config).not.toHaveProperty("method");
  });

  it("lets an override choose inside nested defaults too", () => {
    expect(run("early", ["method=tuned"]).config).toMatchObject({
      gamma_max: 0.034,
      net: { width: 32 },
    });
    expect(run("early", ["method=tuned", "model=UNET"]).config.net).toEqual({ width: 128 });
  });

  it("adds a group with +, drops one with ~ or null", () => {
    expect(run("config", ["+dataset=mnist"]).config.channels).toBe(1);
    expect(run("config", ["~model"]).config.net).toEqual({ depth: 1 });
    expect(run("config", ["model=null"]).choices.model).toBeNull();
  });

  it("keeps a choice in its place when + names a group that is there", () => {
    const { config } = run("late", ["+method=dbdsb_vp"]);
    expect(config).toMatchObject({ sde: "vp", loss_scale: "mine" });
  });

  it("keeps the first choice from a group, a dropped group included", () => {
    const { config, choices } = run("first");
    expect(config.net).toEqual({ width: 32 });
    expect(choices).toEqual({ dataset: "own", method: "dbdsb", model: "small" });
    expect(run("first", ["model=UNET"]).config.net).toEqual({ width: 128 });
    expect(run("first", ["dataset=mnist"]).config.net).toEqual({ width: 128 });
    expect(run("first", ["~model"]).config).not.toHaveProperty("net");
    expect(run("first", ["+model=UNET"]).config.net).toEqual({ width: 128 });
  });

  it("offers no parts of presets", () => {
    const error = thrown(() => run("first", ["dataset=zzzzzzzz"]));
    expect(error.message).toMatch(/there are: mnist, own$/);
    expect(run("first", ["dataset=_part"]).config.channels).toBe(2);
  });

  it("looks through the folders in order", () => {
    const { config } = run("config", ["method=own"], ["mine", "conf"]);
    expect(config).toMatchObject({ sde: "own", seed: 7, net: { width: 128 } });
  });

  it("starts from the base and lays presets on it", () => {
    const base = { seed: 1, extra: { kept: true } };
    const { config } = compose({ dirs: [join(root, "conf")], name: "common", base });
    expect(config).toMatchObject({ seed: 42, extra: { kept: true } });
    expect(base).toEqual({ seed: 1, extra: { kept: true } });
  });

  it.each([
    [
      "config",
      ["method=dbdbs"],
      "preset",
      /no preset "method\/dbdbs" in .*: did you mean "dbdsb"\?/,
    ],
    ["config", ["method=zzzzzz"], "preset", /there are: dbdsb, dbdsb_vp, tuned$/],
    ["config", ["method=../common"], "preset", /no preset/],
    ["config", ["method=[a]"], "preset", /expected the name of a preset in method\//],
    ["config", ["method=a,b"], "sweep", /several values/],
    ["confg", [], "preset", /did you mean "config"\?/],
    ["loop", [], "cycle", /loop -> loop2 -> loop$/],
    ["bad1", [], "preset", /"defaults" must be a list, got common/],
    ["bad2", [], "preset", /cannot read the defaults entry \{a:b,c:d\}/],
    ["folder", [], "preset", /cannot read the preset .*folder\.yaml: EISDIR/],
    ["bad3", [], "yaml", /bad3\.yaml:\d+:\d+ is not valid YAML/],
  ])("refuses %s %j", (name, words, code, message) => {
    expectRefused(() => run(name, words), message, code);
  });

  it("reports all overrides that do not apply", () => {
    const error = thrown(() => run("config", ["~num_step", "seed=2", "+name=x"]));
    expect(error.problems).toHaveLength(2);
    expect(error.problems[0]).toBe('unknown key "num_step": did you mean "num_steps"?');
  });

  it("takes names of a registry as presets: the standard one, with that name", () => {
    const of = (word: string) =>
      compose({
        dirs: [join(root, "conf")],
        name: "config",
        overrides: [parseOverride(word)],
        names: { method: ["mine", "tuned"] },
      });
    expect(of("method=mine")).toMatchObject({
      config: { method: "mine", sde: "ve", gamma_max: 0.2 },
      choices: { method: "mine" },
    });
    expect(of("method=tuned").config).toMatchObject({ gamma_max: 0.034 });
    expect(thrown(() => of("method=minne")).message).toMatch(/did you mean "mine"/);
  });
});
