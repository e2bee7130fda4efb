// Which runs can be exported, extended and resumed.
import { describe, expect, it } from "vitest";
import { exportRefusal, extendRefusal, resumeRefusal } from "../../src/run/refusals.js";

/** Expects a refusal with this reason, or none. */
function expectRefusal(refusal: string | null, reason: string | null): void {
  if (reason === null) expect(refusal).toBeNull();
  else expect(refusal).toContain(reason);
}

describe("exportRefusal", () => {
  const moments = { final_adaptive: true, var_final_gamma_scale: true };
  const fields = "fields:rain.nc";
  it.each([
    [{}, null],
    [{ method: "dsbm", Dataset: "moons" }, null],
    [{ method: "own", Dataset: "csv:fields:.csv" }, null],
    [{ method: "gaussian_bridge", Dataset: "moons" }, "method=gaussian_bridge has no counterpart"],
    [{ method: "quantile_mapping" }, "method=quantile_mapping has no counterpart"],
    [{ method: "dsbm", Dataset: fields, Dataset_transfer: fields }, "do not hold fields"],
    [{ method: "dsb", ...moments }, "moments of its training images"],
    [{ method: "dsb", ...moments, final_adaptive: false }, null],
    [{ method: "dsbm", ...moments }, null],
  ])("of %j is %s", (config, reason) => expectRefusal(exportRefusal(config), reason));
});

describe("extendRefusal", () => {
  it.each([
    [{}, null],
    [{ method: "dsbm" }, null],
    [{ method: "rectifiedflow" }, null],
    [{ method: "few_steps" }, null],
    [{ method: "gaussian_bridge" }, "method=gaussian_bridge is a closed form"],
    [{ method: "quantile_mapping" }, "method=quantile_mapping is a closed form"],
  ])("of %j is %s", (config, reason) => expectRefusal(extendRefusal(config), reason));
});

describe("resumeRefusal", () => {
  const program = "was made by a program";
  it.each([
    [null, program],
    ["evaluate", program],
    ["constructor", program],
    ["fit", null],
    ["distill", null],
    ["extend", null],
    ["train", null],
    ["gaussian", null],
  ])("of %s is %s", (command, reason) => {
    const request = command === null ? null : { command, arguments: [], overrides: {} };
    expectRefusal(resumeRefusal(request), reason);
  });
});
