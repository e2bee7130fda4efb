// The overrides that a message proposes are read by a shell and the grammar as they are meant, whatever the names.
import { execFileSync } from "node:child_process";
import { parseOverride } from "@dsbm/config";
import { setting } from "@dsbm/data";
import { expect, it } from "vitest";

/** What `dsbm` gets of a command line. */
const errorOf = (words: string) =>
  execFileSync("sh", ["-c", `printf '%s' ${words}`], { encoding: "utf8" });

it.each([
  "plain",
  "a, b",
  "two words",
  "x [mm]",
  "{a}",
  "50 (%)",
  "it's",
  'say "so"',
  "back\\slash",
  'end\\"',
  "$HOME",
  "a=b",
  "2019",
  "null",
  "-1",
  "\\",
  "größe",
  "",
])("the name %j", (name) => {
  for (const names of [[name], [name, "b"], ["a", name, name]]) {
    const { key, values } = parseOverride(errorOf(setting("data.exclude", names)));
    expect(key).toBe("data.exclude");
    expect(values.flat().map(String)).toEqual(names);
  }
});
