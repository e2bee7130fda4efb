// One clear line for each mistake of `dsbm sample`, and nothing left of the output.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openRun, picturePng, runPaths } from "@dsbm/runs";
import { Generator, io, randint, randn, type Tensor } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { expectNoTrace, refuse, scratch } from "./cli.js";
import { hiddenIn, imageRun, sampleHere as sample, tableRun, vectorRun, workIn } from "./sample.js";

const root = scratch();
const pathOf = (name: string) => join(root, name);
const save = (name: string, x: Tensor) => writeFileSync(pathOf(name), io.encodeNpy(x));
const seedOptions = { generator: Generator.create(1) };

workIn(root);
beforeAll(async () => {
  imageRun(pathOf("IMAGES"));
  vectorRun(pathOf("VECTORS"));
  imageRun(pathOf("FIELDS"), ["dataset=downscaler_synthetic", "cdsb=true", "model=UNET_tiny"]);
  imageRun(pathOf("ADAPTIVE"), ["transfer=false", "final_adaptive=true", "Dataset=folder:gone"]);
  vectorRun(pathOf("ONEWAY"), ["fb_sequence=[b]"], { halves: ["b"] });
  vectorRun(pathOf("NOWEIGHTS"), [], { halves: [] });
  openRun({ folder: pathOf("OTHER"), dsbm: "0", config: {}, columns: ["x"] }).finish();
  for (const name of ["DAMAGED", "FOREIGN"]) vectorRun(pathOf(name));
  const weights = (run: string) => runPaths(pathOf(run)).model(1, "b");
  writeFileSync(weights("DAMAGED"), readFileSync(weights("DAMAGED")).subarray(0, 900));
  writeFileSync(weights("FOREIGN"), readFileSync(weights("IMAGES")));
  rmSync(pathOf("FOREIGN/manifest.jsonl"), { force: true });
  const transform = { log1p: false, standardise: "none" as const, mean: [0, 0], std: [1, 1] };
  const conditioning = { name: "kind", classes: ["A", "B"], mean: 0, std: 1 };
  tableRun(pathOf("TABLE"), { names: ["small", "large"], transform });
  tableRun(pathOf("CLASSES"), { names: ["small", "large"], transform, conditioning });
  tableRun(pathOf("NODATA"), { names: ["small", "large"], transform });
  writeFileSync(pathOf("NODATA/data.json"), '{"columns": []}');

  const bytes = randint(0, 256, [20, 1, 8, 8], { ...seedOptions, dtype: "uint8" });
  save("bytes.npy", bytes);
  save("floats.npy", bytes.to("float32"));
  save("three.npy", randn([3, 2]));
  save("colours.npy", randn([3, 3, 8, 8]));
  save("fields.npy", randn([12, 2, 8, 8]));
  const gap = randn([30, 2], seedOptions);
  gap.select(0, 17).fill_(Number.NaN);
  save("nan.npy", gap);
  writeFileSync(pathOf("there.npy"), "old");
  const png = await picturePng(new Uint8Array(192), [1, 8, 24]);
  // A header of 65,535 × 65,535 pixels over the data of a few.
  const bomb = Buffer.from(png);
  bomb.writeUInt32BE(65_535, 16);
  bomb.writeUInt32BE(65_535, 20);
  for (const folder of ["twins", "nothing"]) mkdirSync(pathOf(folder));
  for (const name of ["wide.png", "twins/one.png", "twins/one.jpg"])
    writeFileSync(pathOf(name), png);
  writeFileSync(pathOf("bomb.png"), bomb);
  for (const name of ["pipe.png", "pipe.npy"]) execFileSync("mkfifo", [pathOf(name)]);
  for (const [name, text] of Object.entries({
    "gap.csv": "small,large\n1,2\n1,\n",
    "gaps.csv": "small,large\n,2\n1,\n",
    "plain.csv": "small,large\n1,2\n",
    "twice.csv": "small,large,small \n1,2,3\n",
    "points.csv": "small;large\n1.234;0,5\n",
    "lacks.csv": "small,id\n1,a\n",
    "kinds.csv": "kind,small,large\nA,1,2\nC,1,2\n",
  }))
    writeFileSync(pathOf(name), text);
});

it.each([
  ["a word too many", "IMAGES bytes.npy x.npy more", /expected RUN NEW OUT/],
  ["steps of an ODE", "IMAGES bytes.npy x.npy solver=heun steps=5", /ode_step_size/],
  ["a noise of an ODE", "VECTORS gaussian:5 x.npy solver=heun diffusion=0.5", /solver=sde/],
  ["a tolerance of the SDE", "IMAGES bytes.npy x.npy ode_tol=1e-3", /solver=dopri5/],
  // Runs.
  ["no run", "twins bytes.npy x.npy", /there is no run in .*run\.json/],
  ["several runs", ". bytes.npy x.npy", /holds \d+ runs: give the folder of one run: .*/],
  ["a run of another command", "OTHER bytes.npy x.npy", /another command/],
  ["a run without weights", "NOWEIGHTS gaussian:5 x.npy", /no weights yet/],
  ["damaged weights", "DAMAGED gaussian:5 x.npy", /1_b\.safetensors/],
  ["weights of another run", "FOREIGN gaussian:5 x.npy", /does not belong to/],
  ["a damaged data.json", "NODATA plain.csv x.csv", /data\.json is missing or damaged/],
  ["a half-iteration", "VECTORS gaussian:5 x.npy half_iteration=7", /weights of 1 \(b\), 2 \(f\)/],
  ["a direction", "ONEWAY gaussian:5 x.npy direction=f", /direction=f is not trained by this run/],
  // Inputs.
  ["a missing input", "IMAGES none/x.npy x.npy", /none\/x\.npy does not exist/],
  ["an unknown set", "IMAGES mnits_2 x.npy", /no file or folder here.*did you mean "mnist_2"/],
  ["vectors for images", "IMAGES three.npy x.npy", /\[3, 2\]; expected .*\[n, 1, 8, 8\]/],
  ["images for vectors", "VECTORS bytes.npy x.npy", /\[20, 1, 8, 8\]: expected a table \[n, d\]/],
  ["other channels", "IMAGES colours.npy x.npy", /\[3, 3, 8, 8\]/],
  ["NaN, by its row", "VECTORS nan.npy x.npy", /c0 has 1 missing .* row 18.*missing=drop/],
  ["a Gaussian that is none", "IMAGES gaussian:5 x.npy", /data at both ends/],
  ["moments without images", "ADAPTIVE gaussian:5 x.npy", /final_adaptive=true .*\.npy file/],
  ["pixels as floats", "IMAGES floats.npy x.npy", /from 0 to 2\d\d; .*astype\("uint8"\)/],
  [
    "too large a picture",
    "IMAGES wide.png x.npy resize=true max_pixels=100",
    /wide.png: 24×8 pixels: expected at most 100/,
  ],
  ["a picture that lies", "IMAGES bomb.png x.npy resize=true", /bomb\.png/],
  ["pictures of one name", "IMAGES twins x.npy", /differ in their endings/],
  ["a pipe of a picture", "IMAGES pipe.png x.npy", /is no regular file but a pipe or a device/],
  ["no pictures", "IMAGES nothing x.npy", /nothing holds no images/],
  ["resizing an array", "IMAGES bytes.npy x.npy resize=true", /leave it out/],
  ["a pipe of an array", "IMAGES pipe.npy x.npy", /is no regular file but a pipe or a device/],
  // Conditions.
  ["classes for networks without", "IMAGES bytes.npy x.npy y=1", /without classes/],
  ["no condition", "FIELDS fields.npy x.npy", /cond=FILE\.npy with float32 \[12, 1, 8, 8\]$/],
  ["an unknown class", "CLASSES kinds.csv x.csv", /kind has "C" in row 2: expected .*A, B/],
  ["no column of conditions", "CLASSES plain.csv x.csv", /no column kind, which the networks/],
  // Columns.
  [
    "a missing value",
    "TABLE gap.csv x.csv",
    /large has 1 missing .* row 2.*write missing=drop to leave these rows out$/,
  ],
  ["only gaps", "TABLE gaps.csv x.csv missing=drop", /gaps\.csv has missing values in each of 2/],
  ["a condition", "TABLE plain.csv x.csv where=large<-9", /where=large<-9 keeps no rows of plain/],
  ["a column to carry", "TABLE plain.csv x.csv keep=name", /keep=name: .*no column name/],
  ["a column that changes", "TABLE plain.csv x.csv keep=small", /the run changes this column/],
  [
    "a missing column",
    "TABLE lacks.csv x.csv",
    /lacks numbers in large, columns of .*TABLE.*rename/,
  ],
  ["a column twice", "TABLE twice.csv x.csv", /twice\.csv: has the column small twice/],
  [
    "points for thousands",
    "TABLE points.csv x.csv decimal=,",
    /column small \("1\.234" in row 1\) has points: write thousands=\./,
  ],
  // Outputs.
  [
    "the input as output",
    "TABLE plain.csv plain.csv overwrite=true",
    /OUT plain\.csv is NEW itself/,
  ],
  ["the folder of the images", "IMAGES twins twins/ overwrite=true", /OUT twins\/ is NEW itself/],
  ["an output that is there", "VECTORS gaussian:5 there.npy", /exists already.*overwrite=true/],
  ["pictures of vectors", "VECTORS gaussian:5 out", /a folder cannot .*\.parquet, \.npy/],
  ["a format that is not written", "VECTORS gaussian:5 x.xlsx", /\.xlsx cannot be .*\.csv/],
  ["one picture of many", "IMAGES bytes.npy x.png", /one image, but NEW has 20/],
  ["a path as pictures", "IMAGES bytes.npy x-out path=true", /states of paths; .*\.npy/],
])("%s", async (_, words, expected) => {
  const { code, stderr, stdout } = await sample(...words.split(" ").filter(Boolean));
  expect(stderr.trim().split("\n").at(-1)).toMatch(expected);
  expectNoTrace(stderr);
  const isThere = ["x.npy", "x.csv"].some((name) => existsSync(pathOf(name)));
  expect([code > 0, stdout, isThere, hiddenIn(root)]).toEqual([true, "", false, []]);
  expect(readFileSync(pathOf("there.npy"), "utf8")).toBe("old");
});

it("a configuration with more steps than memory holds", async () => {
  const folder = vectorRun(pathOf("EDITED"));
  const path = join(folder, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...config, num_steps: 1e9 }));
  expect((await sample(folder, "gaussian:5", "x.npy")).stderr).toMatch(/config\.json is damaged/);
  rmSync(join(folder, "manifest.jsonl"));
  const { stderr } = await sample(folder, "gaussian:5", "x.npy");
  expect(stderr).toMatch(/config\.json is not one of this version: num_steps: .*<= 10000/);
  for (const words of [
    ["test", folder],
    ["extend", folder, "+1"],
  ])
    await refuse(words, ["config.json is not one of this version: num_steps: "]);
});
