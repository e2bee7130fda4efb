// Texts of errors: fault, option and cures; the options of another command.
import { expect, it } from "vitest";
import { byOption, DatasetError } from "../src/errors.js";

const error = new DatasetError("BadTable", "t.csv: column a has gaps", {
  cures: [
    "repair them",
    byOption("data.missing", ["drop"], "to leave these rows out"),
    byOption("data.exclude", ["a, b"]),
  ],
});

it("lists the cures in order", () =>
  expect(error.message).toBe(
    "t.csv: column a has gaps: repair them, write data.missing=drop to leave these rows out, or write 'data.exclude=\"a, b\"'",
  ));

it("has the option names of another command, without the cures that this command lacks", () => {
  const short = error.withOptions((key) => (key === "data.missing" ? "missing" : null));
  expect(short.message).toBe(
    "t.csv: column a has gaps: repair them, or write missing=drop to leave these rows out",
  );
  expect([short.code, short.cause]).toEqual(["BadTable", error]);
});

it("keeps the name of the option at fault", () => {
  const option = { key: "data.layer", values: ["x"] };
  const wrong = new DatasetError("InvalidOption", "t.h5ad has the matrices X", { option });
  expect(wrong.message).toBe("data.layer=x: t.h5ad has the matrices X");
  expect(wrong.withOptions(() => "layer").message).toBe("layer=x: t.h5ad has the matrices X");
  expect(wrong.withOptions(() => null).message).toBe(wrong.message);
});

it("ends a command with 2 if the arguments are at fault", () =>
  expect([error.exitCode, new DatasetError("MissingFiles", "no files").exitCode]).toEqual([1, 2]));
