import { expect, it } from "vitest";
import { nearestName } from "../src/nearest.js";

const keys = ["dim", "lr", "eps", "inner_iters", "outer_iters", "seed", "dsb", "dsbm"];

it.each([
  ["inner_iter", "inner_iters"],
  ["iner_iters", "inner_iters"],
  ["INNER-ITERS", "inner_iters"],
  ["inner_tiers", "inner_iters"],
  ["dmi", "dim"],
  ["dsmb", "dsbm"],
  ["lrr", "lr"],
  ["eta", undefined],
  ["learning_rate", undefined],
  ["x".repeat(100_000), undefined],
])("nearest to %.20s", (word, key) => expect(nearestName(word, keys)).toBe(key));
