import { describe, expect, it } from "vitest";
import { expectClose } from "../../../../../test/support/close.js";
import { langevinNumbers } from "../../src/keys/langevin.js";
import { onlyConfig, problems } from "../commands/support.js";

const gammas = [0.01, 0.04, 0.25];
const keys = { langevin_scale: null, loss_scale: true, mean_match: false };

describe("langevinNumbers", () => {
  it.each<[Partial<Parameters<typeof langevinNumbers>[0]>, scale: number[], weight: number[]]>([
    [{}, [0.2, 0.4, 1], [1, 1, 1]],
    [{ loss_scale: false }, [0.2, 0.4, 1], [1, 1, 1]],
    [{ langevin_scale: 2 }, [2, 2, 2], [10, 5, 2]],
    [{ langevin_scale: 2, loss_scale: false }, [2, 2, 2], [1, 1, 1]],
    [{ mean_match: true }, [0.2, 0.4, 1], [5, 2.5, 1]],
    [{ langevin_scale: "gamma" }, gammas, [0.05, 0.1, 0.25]],
    [{ loss_scale: "1/torch.sqrt(gamma)" }, [0.2, 0.4, 1], [10, 5, 2]],
    [{ langevin_scale: ".5 * gamma * 4.e0 / math.sqrt( gamma )" }, [0.2, 0.4, 1], [1, 1, 1]],
  ])("%j", (change, scale, weight) => {
    const got = langevinNumbers({ ...keys, ...change }, gammas);
    expectClose(got.scale, scale, 12);
    expectClose(got.weight, weight, 12);
  });

  it("takes the keys of a command line", () => {
    const config = onlyConfig(
      "method=dsb",
      "langevin_scale='2*torch.sqrt(gamma)'",
      "loss_scale=false",
    );
    expect(langevinNumbers(config, gammas)).toEqual({ scale: [0.2, 0.4, 1], weight: [1, 1, 1] });
  });
});

describe("method=dsb", () => {
  it.each<[string, RegExp]>([
    ["langevin_scale='2*sqrt(gama)'", /^langevin_scale: cannot read "2\*sqrt\(gama\)": expected/],
    ["langevin_scale='gamma-0.1'", /^langevin_scale: cannot read/],
    ["loss_scale='0*gamma'", /^loss_scale: cannot read "0\*gamma": expected numbers > 0/],
    ["loss_scale='2**gamma'", /^loss_scale: cannot read/],
    ["loss_scale='os.system(1)'", /^loss_scale: cannot read/],
    ["test_num_steps=60", /^test_num_steps=60, but method=dsb learns the num_steps=30 /],
    ["cache_num_steps=10", /^cache_num_steps=10, but method=dsb/],
    ["first_coupling=ind ot_sampler=exact", /^ot_sampler=exact .* method=dsb/],
    ["std_trick=true", /^std_trick=true .* method=dsb/],
    ["num_repeat_data=2", /^num_repeat_data=2 .* method=dsb/],
    ["transfer=false normalize_x1=true", /^normalize_x1=true .* method=dsb/],
  ])("%s do not go with it", (line, message) =>
    expect(problems("method=dsb", ...line.split(" "))).toEqual([expect.stringMatching(message)]),
  );

  it.each([
    "mean_match=true loss_scale='1/gamma' langevin_scale=1e-3",
    "first_coupling=ind",
    "num_steps=20 test_num_steps=20 cache_num_steps=20",
    "var_final_gamma_scale=true transfer=false final_adaptive=true",
  ])("%s go with it", (line) =>
    expect(onlyConfig("method=dsb", ...line.split(" ")).method).toBe("dsb"),
  );
});
