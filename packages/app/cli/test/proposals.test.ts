// The overrides that a message proposes are read by a shell and the grammar as they are meant, whatever the names.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseOverride } from "@dsbm/config";
import { setting } from "@dsbm/data";
import { expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import { line } from "./own-line.js";

const root = scratch();

/** What `dsbm` gets of a command line. */
const typed = (words: string) =>
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
])("the name %j", async (name) => {
  for (const names of [[name], [name, "b"], ["a", name, name]]) {
    const { key, values } = parseOverride(typed(setting("data.exclude", names)));
    expect(key).toBe("data.exclude");
    expect(values.flat().map(String)).toEqual(names);
  }
  if (name === "") return;
  const quoted = `"${name.replaceAll('"', '""')}"`;
  const path = join(root, `t${name.length}.csv`);
  writeFileSync(path, `${quoted},y\ntext,1\nmore,2\n`);
  const { code, stderr } = await line("fit", path, path, `experiments_dir=${root}/runs`);
  expect(code, stderr).toBe(1);
  const [, proposal = ""] = /write (\S*data\.exclude=.*) to leave out,/.exec(stderr) ?? [];
  expect(parseOverride(typed(proposal)).values.map(String)).toEqual([name]);
});
