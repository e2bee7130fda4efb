// warnings.jsonl: the warnings that a report shows.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "@dsbm/files";
import { describe, expect, it } from "vitest";
import { readWarnings } from "../../src/run/warnings.js";
import { type OpenRunOptions, openRun } from "../../src/run/writer.js";
import { faultOf, scratch } from "../support.js";

const options = (folder: string, more: Partial<OpenRunOptions> = {}): OpenRunOptions => ({
  folder,
  dsbm: "0.1.0",
  config: {},
  columns: ["half_iteration"],
  ...more,
});
const newFolder = () => join(scratch(), "run");

describe("warnings", () => {
  it("are kept once, however often a resumed run says them, and move with the run", () => {
    const folder = newFolder();
    for (const more of ["second", "third"]) {
      const run = openRun(options(folder));
      run.addWarning("first");
      run.addWarning(`${more}\nwith two lines`);
      run.interrupt("stopped");
    }
    const texts = readWarnings(folder).map(({ text }) => text);
    expect(texts).toEqual(["first", "second\nwith two lines", "third\nwith two lines"]);
    openRun(options(folder, { mode: "restart" })).finish();
    expect(readWarnings(folder)).toEqual([]);
    expect(readWarnings(join(folder, "previous"))).toHaveLength(3);
  });

  it("pass over rows of another form, and name a damaged line", () => {
    const folder = newFolder();
    const path = join(folder, "warnings.jsonl");
    writeFileAtomic(path, '{"text": 3}\n{"text": "kept"}\n');
    expect(readWarnings(folder)).toEqual([{ time: "", text: "kept" }]);
    writeFileSync(path, "{\n");
    expect(faultOf(() => readWarnings(folder)).message).toMatch(/line 1 of .* is not valid JSON/);
  });
});
