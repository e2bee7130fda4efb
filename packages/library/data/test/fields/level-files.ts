// Files of fields with levels.
import type { TestFile, TestVariable } from "./field-files.js";

/** A file with further variables of levels `lev`, with coordinates `values`. */
export function withLevels(
  file: TestFile,
  { values, units }: { values: readonly number[]; units: string },
  variables: readonly Pick<TestVariable, "name" | "dimensions" | "values">[],
): TestFile {
  const level: TestVariable = {
    name: "lev",
    dimensions: ["lev"],
    type: "float64",
    values,
    attributes: { units },
  };
  const others = variables.map((one): TestVariable => ({ ...one, type: "float32" }));
  return {
    ...file,
    dimensions: { ...file.dimensions, lev: values.length },
    variables: [...file.variables, level, ...others],
  };
}
