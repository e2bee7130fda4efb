// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is the syntax under test
import { describe, expect, it } from "vitest";
import { train } from "../../src/commands/train.js";
import { validate } from "../../src/schema/validate.js";
import { readYaml, writeYaml } from "../../src/tree/yaml.js";
import { printOverride } from "../../src/words/override.js";
import type { Tree } from "../../src/words/value.js";
import { README } from "./published.js";
import { leaves, only, run } from "./support.js";

describe("a resolved configuration", () => {
  const lines = [
    ...README,
    "dataset=afhq_transfer method=dsb loss_scale='1/sqrt(gamma)' seed=7",
    "dataset=mnist_2to3 method=bm model.channel_mult=[1,2] model.attention_resolutions=14",
    "dataset=synthetic paths.data_dir_name='/a b/${seed}' checkpoint_minutes=0.5",
  ];

  it.each(lines)("of %s is the same after YAML and JSON", (line) => {
    const config = only(...words(line));
    for (const text of [writeYaml(config), JSON.stringify(config)]) {
      expect(readYaml(text)).toEqual(config);
      expect(validate(train.schema, readYaml(text), train.check)).toEqual(config);
    }
  });

  it.each(lines)("of %s can be typed again", (line) => {
    const [member] = run(...words(line)).members;
    const { dataset, method, model } = member?.choices ?? {};
    const groups = [`dataset=${dataset}`, `method=${method}`, `model=${model}`];
    const typed = leaves(member?.config as unknown as Tree)
      .filter(([key]) => key !== "method")
      .map(([key, value]) => printOverride({ kind: "set", key, values: [value], sweep: false }));
    expect(only(...groups, ...typed)).toEqual(member?.config);
  });
});

/** Words of a line as a shell splits them: blanks inside single quotes belong to the word. */
function words(line: string): string[] {
  return line.match(/(?:'[^']*'|\S)+/g) ?? [];
}
