// What a plan says of the user's own options.
import { expect, it } from "vitest";
import { Choices } from "../src/choices.js";

it("options that the chosen method does not use are said with their reason, and stay", () => {
  const base = { Dataset: "table:a.csv", Dataset_transfer: "table:b.csv", model: "MLP" };
  const overrides = { method: "lightsb", "model.hidden": [8, 8], sigma: 2, lr: 0.1 };
  const choices = new Choices({ base, overrides });
  choices.add({ key: "lr", value: 1e-3, reason: "usual" });
  choices.explainUnused();
  expect(choices.list).toEqual([
    { key: "lr", value: "0.1", reason: "", given: true },
    {
      key: "model.hidden",
      value: "[8,8]",
      reason: "it was given, and changes nothing: lightsb has no network",
      given: true,
    },
  ]);
  expect(choices.configuration.config.model).toMatchObject({ hidden: "8,8" });
});
