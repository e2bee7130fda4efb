import { describe, expect, it } from "vitest";
import { test } from "../../src/commands/test.js";
import { train } from "../../src/commands/train.js";
import { groupTable, presetGroups } from "../../src/presets/groups.js";
import { defaultsOf } from "../../src/schema/describe.js";
import { helpEntries, helpTable } from "../../src/schema/help.js";
import { dirs, run } from "./support.js";

describe("--help", () => {
  it("lists all groups with what their presets are", () => {
    const groups = presetGroups(dirs, "train");
    expect(groups.map(({ name, standard }) => [name, standard])).toEqual([
      ["dataset", "mnist_transfer"],
      ["method", "dbdsb"],
      ["model", "UNET"],
    ]);
    expect(presetGroups(dirs, "test")).toEqual(groups);
    expect(presetGroups(dirs, "gaussian")).toEqual([]);
    expect(presetGroups(dirs, "nothing")).toEqual([]);
    for (const { presets } of groups) {
      for (const { name, about } of presets) expect(about, name).toMatch(/^[\w ].{10,}/);
    }
    const table = groupTable(groups).split("\n");
    expect(table).toHaveLength(27);
    expect(table[0]).toMatch(/^dataset=mnist_transfer {12}MNIST digits .* \(taken when nothing/);
    expect(table.join("\n")).not.toContain("=_small");
    expect(groupTable([])).toBe("");
  });

  it("explains every key, those of all networks included", () => {
    for (const entry of helpEntries(test.schema)) {
      expect(entry.meaning, entry.key).toMatch(/^[^(].+ \(.+\)$/);
      expect(entry.default, entry.key).not.toBe("(needed)");
    }
    const meaning = (key: string) =>
      helpEntries(train.schema).find((entry) => entry.key === key)?.meaning;
    expect(meaning("model.dropout")).toContain(
      "; UNET, DownscalerUNET, DDPMpp only; DownscalerUNET: 0.5; DDPMpp: 0.15 (",
    );
    expect(meaning("model.num_heads")).toContain("; UNET only (");
    expect(meaning("model.name")).toContain("(UNET, DownscalerUNET, DDPMpp or MLP)");
    expect(
      helpTable(train.schema)
        .split("\n")
        .every((row) => row.length <= 100),
    ).toBe(true);
    expect(defaultsOf(train.schema).model).toEqual({ name: "UNET" });
    expect(run("--help", "num_iter=5")).toMatchObject({ help: true, multirun: false, members: [] });
  });
});
