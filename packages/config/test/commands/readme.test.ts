// The reference's README commands (those for images: train/commands.test.ts): they must mean here
// what they mean there. The tokens are argv, that is after the shell, which turns ['b'] into [b].

import { describe, expect, it } from "vitest";
import { type GaussianConfig, gaussian } from "../../src/commands/gaussian.js";
import { resolve } from "../../src/resolve.js";

const COMMANDS: [line: string, method: Partial<GaussianConfig>, folder: (dim: number) => string][] =
  [
    [
      "dim=5,20,50 model_name=dsb seed=1,2,3,4,5 inner_iters=10000 -m",
      { model_name: "dsb", first_coupling: "ref", fb_sequence: ["b", "f"] },
      (dim) => `dim=${dim},inner_iters=10000,model_name=dsb`,
    ],
    [
      "dim=5,20,50 model_name=dsbm first_coupling=ind seed=1,2,3,4,5 inner_iters=10000 fb_sequence=[b] -m",
      { model_name: "dsbm", first_coupling: "ind", fb_sequence: ["b"] },
      (dim) => `dim=${dim},fb_sequence=[b],first_coupling=ind,inner_iters=10000,model_name=dsbm`,
    ],
    [
      "dim=5,20,50 model_name=dsbm seed=1,2,3,4,5 inner_iters=10000 -m",
      { model_name: "dsbm", first_coupling: "ref", fb_sequence: ["b", "f"] },
      (dim) => `dim=${dim},inner_iters=10000,model_name=dsbm`,
    ],
    [
      "dim=5,20,50 model_name=dsbm first_coupling=ind seed=1,2,3,4,5 inner_iters=10000 -m",
      { model_name: "dsbm", first_coupling: "ind", fb_sequence: ["b", "f"] },
      (dim) => `dim=${dim},first_coupling=ind,inner_iters=10000,model_name=dsbm`,
    ],
    [
      "dim=5,20,50 model_name=rectifiedflow seed=1,2,3,4,5 inner_iters=10000 fb_sequence=[b] -m",
      { model_name: "rectifiedflow", first_coupling: "ref", fb_sequence: ["b"] },
      (dim) => `dim=${dim},fb_sequence=[b],inner_iters=10000,model_name=rectifiedflow`,
    ],
    [
      "dim=5,20,50 model_name=sbcfm seed=1,2,3,4,5 inner_iters=10000 -m",
      { model_name: "sbcfm", first_coupling: "ref", fb_sequence: ["b", "f"] },
      (dim) => `dim=${dim},inner_iters=10000,model_name=sbcfm`,
    ],
  ];

describe("gaussian", () => {
  it.each(COMMANDS)("%s", (line, method, folder) => {
    const { members, multirun } = resolve(gaussian, line.split(" "));
    expect(multirun).toBe(true);
    const grid = [5, 20, 50].flatMap((dim) => [1, 2, 3, 4, 5].map((seed) => ({ dim, seed })));
    const defaults = resolve(gaussian, []).members[0]?.config;
    expect(members.map((member) => member.config)).toEqual(
      grid.map((point) => ({ ...defaults, inner_iters: 10_000, ...method, ...point })),
    );
    expect(members.map((member) => member.dirname)).toEqual(grid.map(({ dim }) => folder(dim)));
  });

  it("takes the list with its quotes too, where the shell leaves them", () => {
    const configs = ["fb_sequence=['b']", 'fb_sequence=["b"]', "fb_sequence=[b]"].map(
      (word) => resolve(gaussian, [word]).members[0]?.config.fb_sequence,
    );
    expect(configs).toEqual([["b"], ["b"], ["b"]]);
  });
});
