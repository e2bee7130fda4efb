// Options that change nothing: each is said with its reason, and trains the same bits.
import { describe, expect, it } from "vitest";
import { OptionTrials } from "../../../../../scripts/check-options.mjs";
import { wordsOf } from "../../../../../test/support/words.js";
import { gaussian, resolve, train } from "../../src/index.js";

const notesOf = (words: string, experiment = train) =>
  resolve(experiment, wordsOf(words)).members[0].notes;

describe("a given option without effect is said with its reason", () => {
  it.each([
    ["method=gaussian_bridge model=MLP lr=0.1", "lr=0.1", /fitted at once, without training steps/],
    ["method=lightsb model=MLP model.hidden=[8,8]", "model.hidden=[8,8]", /lightsb has no network/],
    ["method=alpha_dsbm loss_scale=false", "loss_scale=false", /alpha_dsbm has a loss of its own/],
    ["precondition=true loss_reduction=sum", "loss_reduction=sum", /precondition=true has a loss/],
    ["method=rf sigma=2", "sigma=2", /no noise, and any number gives equal steps/],
    ["method=rf loss_scale=false", "loss_scale=false", /is a flow/],
    ["sigma=1 gamma_max=0.1", "gamma_max=0.1", /sigma=1 sets the noise/],
    ["mixture_components=7", "mixture_components=7", /dsbm fits no mixture/],
    ["ot_penalty=2", "ot_penalty=2", /growth_coupling=wfr has none/],
    ["method=sf2m first_coupling=ref", "first_coupling=ref", /one way to make its first pairs/],
    ["method=alpha_dsbm cache_npar=900", "cache_npar=900", /makes new rows in every step/],
    [
      "method=alpha_dsbm match_moments=true batch_size=32",
      "match_moments=true",
      /write batch_size=64 or more/,
    ],
    ["method=dsb eps=0.01", "eps=0.01", /dsb does not use it/],
    ["method=few_steps teacher=run first_pass=2", "first_pass=2", /simulates all pairs/],
    ["method=dsb loss_scale=false", "loss_scale=false", /in units of/],
  ])("%s", (words, option, reason) => {
    const [note, ...others] = notesOf(words);
    expect(note?.startsWith(`${option} changes nothing: `)).toBe(true);
    expect(note).toMatch(reason);
    expect(others).toEqual([]);
  });

  it("under the name that was typed", () => {
    expect(notesOf("method=gaussian_bridge net_name=mlp_small", gaussian)).toEqual([
      "net_name='128,128' changes nothing: gaussian_bridge has no network",
    ]);
  });

  it("but not the values of presets, and not an option with an effect", () => {
    expect(notesOf("method=dsb")).toEqual([]);
    expect(notesOf("method=dsbm sigma=1 lr=0.1 loss_scale=false n_ipf=2")).toEqual([]);
  });
});

it.each(["alpha_dsbm", "gaussian_bridge", "rectifiedflow", "dsb_increments", "few_steps"])(
  "all options that are said to change nothing train the same bits: %s",
  async (method) => {
    using trials = new OptionTrials();
    const said = trials.saidOptions(method);
    expect(Object.keys(said).length).toBeGreaterThan(5);
    const base = await trials.weights(trials.config(method, {}));
    expect(await trials.weights(trials.config(method, said))).toBe(base);
    if (method !== "alpha_dsbm") return;
    expect(await trials.effectOf(method, "eps", base)).toBe("changes");
    expect(await trials.effectOf(method, "loss_scale", base)).toBe("said");
    expect(await trials.effectOf(method, "ot_rows", base)).toBe("refused");
  },
);
