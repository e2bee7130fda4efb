// NetCDF files as a climate scientist has them (docs/guide/climate-fields.md): trained, sampled to NetCDF, and evaluated.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openFields } from "@dsbm/data";
import { Generator, io, rand } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { fieldFormats, smallFields } from "../../packages/library/data/test/fields/field-files.js";
import { refuse, scratch, succeed, wordsOf } from "./cli.js";
import { headerByNcdump, readByPython } from "./netcdf-programs.js";

const root = scratch();
const inRoot = { cwd: root };
/** The second cell from the west in the south never has a value. */
const isSea = (i: number) => i % 6 === 1;

beforeAll(async () => {
  for (const [k, name] of ["model", "observed"].entries()) {
    const generator = Generator.create(k);
    const rain = Array.from(rand([24 * 6], { generator }).toNumbers(), (x) => 4 * x + k);
    const variable = {
      values: rain.map((x, i) => (isSea(i) ? -1 : x)),
      attributes: { _FillValue: -1, units: "mm/d" },
    };
    const [, write] = fieldFormats[k === 0 ? 0 : 3];
    await write(root, smallFields(24, [variable]), name);
  }
  const height = { name: "orog", dimensions: ["lat", "lon"], values: [0, 9, 2, 5, 4, 1] };
  await fieldFormats[0][1](root, smallFields(1, [height]), "orography");
});

const training =
  wordsOf(`train dataset=vectors Dataset=fields:model.nc Dataset_transfer=fields:observed.nc
  data.image_size=4 data.channels=1 data.transform=sqrt data.range=pr:0.. model=UNET_tiny model.channel_mult=1,2
  n_ipf=1 first_num_iter=2 num_iter=2 num_steps=2 batch_size=4 cache_npar=8 test_npar=2 plot_level=0
  metrics.judge=false threads=1`);

const read = async (name: string) => {
  const file = await openFields(join(root, name), { variables: ["pr"], marks: [] });
  const values = await file.read(0, file.grid.time.size);
  file.close();
  return { ...file, values };
};

const sample = (folder: string, input: string, out: string, ...words: string[]) =>
  succeed(["sample", folder, input, out, "direction=f", "threads=1", ...words], inRoot);

describe("NetCDF files", () => {
  let folder = "";
  beforeAll(async () => {
    const { folder: made, stdout, stderr } = await succeed(training, inRoot);
    folder = made;
    expect(stdout + stderr).toContain("NetCDF 3, pr (mm/d); 2×3 cells, lat 20 to 10, lon 0 to 20");
  });

  it("become a bridge that writes NetCDF with the coordinates of its input", async () => {
    await sample(folder, "model.nc", "out.nc");
    const [source, out] = await Promise.all(["model.nc", "out.nc"].map(read));
    expect(out.grid).toEqual({
      ...source.grid,
      channels: [{ name: "pr", units: "mm/d", attributes: { units: "mm/d" } }],
    });
    const gapsOf = ({ values }: { values: Float32Array }) => Array.from(values, Number.isNaN);
    expect(gapsOf(out)).toEqual(gapsOf(source));
    expect(out.values.filter((x) => x < 0)).toHaveLength(0);
    const opened = readByPython(join(root, "out.nc"));
    if (opened) expect(opened).toEqual({ shape: [24, 2, 3], units: "mm/d", missing: 24 });
    const metrics = "metrics=feature_distance,variable_w1,variable_q99";
    const { stdout } = await succeed(["evaluate", folder, "n=2", metrics, "threads=1"], inRoot);
    expect(stdout).toContain("1-Wasserstein of pr");
  });

  it("give the same output from north to south as from south to north, each in its own order", async () => {
    const { grid, values } = await read("model.nc");
    const file = smallFields(24, [
      { values: Array.from(values, (x) => (Number.isNaN(x) ? -1 : x)) },
    ]);
    const variables = file.variables.map((one) => ({
      ...one,
      ...(one.name === "lat" && { values: [20, 10] }),
      ...(one.name === "pr" && { attributes: { _FillValue: -1, units: "mm/d" } }),
    }));
    await fieldFormats[0][1](root, { ...file, variables }, "north");
    await sample(folder, "model.nc", "of-south.nc");
    await sample(folder, "north.nc", "of-north.nc");
    const [south, north] = await Promise.all(["of-south.nc", "of-north.nc"].map(read));
    expect([grid.isFlipped, south.grid.isFlipped, north.grid.isFlipped]).toEqual([
      true,
      true,
      false,
    ]);
    expect(north.values).toEqual(south.values);
  });

  it("are drawn several times, the first time as without members", async () => {
    await sample(folder, "model.nc", "single.npy");
    await sample(folder, "model.nc", "members.npy", "members=2");
    const [single, members] = ["single", "members"].map((name) =>
      io.mapNpy(join(root, `${name}.npy`)),
    );
    expect(members.shape).toEqual([2, 24, 1, 2, 3]);
    const numbers = [single, ...members.unbind()].map((x) => Array.from(x.flatten().toNumbers()));
    expect(numbers[1]).toEqual(numbers[0]);
    expect(numbers[2]).not.toEqual(numbers[0]);
    await sample(folder, "model.nc", "members.nc", "members=2");
    const header = headerByNcdump(join(root, "members.nc"));
    if (header) expect(header).toContain("float pr(member, time, lat, lon)");
  });

  it("become finer by a second run, trained on parts of coarsened observations with season and height", async () => {
    const pairs = wordsOf(`Dataset=fields:observed.nc data.coarsen=mean:2 pairs=rows
      data.season=true data.static=orography.nc data.crop=2`);
    const { folder: finer, stdout, stderr } = await succeed([...training, ...pairs], inRoot);
    expect(stdout + stderr).toContain("rows: 24 known pairs");
    expect(stdout + stderr).toContain("static: orog");
    await sample(folder, "model.nc", "both.nc", `then='${finer}'`);
    const { stdout: table } = await succeed(
      ["evaluate", finer, "n=4", "metrics=crps", "direction=f", "threads=1"],
      inRoot,
    );
    expect(table).toContain("CRPS of pr");
    const [source, both] = await Promise.all(["model.nc", "both.nc"].map(read));
    expect(both.grid.time).toEqual(source.grid.time);
    expect(both.values).toHaveLength(source.values.length);
    // A coarse file gets the coordinates of the run.
    const [, write] = fieldFormats[0];
    const coarse = smallFields(3, [{ values: [1, 2, 1, 2, 1, 2] }]);
    const variables = coarse.variables.map((one) =>
      one.name === "lat" || one.name === "lon"
        ? { ...one, values: one.name === "lat" ? [15] : [5, 20] }
        : one,
    );
    const dimensions = { time: 3, lat: 1, lon: 2 };
    await write(root, { ...coarse, dimensions, variables }, "coarse");
    await sample(finer, "coarse.nc", "fine.nc");
    const fine = await read("fine.nc");
    expect([fine.grid.y.values, fine.grid.x.values]).toEqual([
      source.grid.y.values,
      source.grid.x.values,
    ]);
    const undated = variables.filter(({ name }) => name !== "time");
    await write(root, { ...coarse, dimensions, variables: undated }, "undated");
    await refuse(
      ["sample", finer, "undated.nc", "x.nc", "direction=f"],
      ["was trained with data.season=true, and NEW has no dates"],
      inRoot,
    );
    await refuse(
      ["sample", folder, "model.nc", "x.nc", `then='${finer}'`, "direction=b"],
      ["neither path=true nor direction=b"],
      inRoot,
    );
  });

  it("need no choice of a network for a closed form", async () => {
    const words = wordsOf("fit model.nc observed.nc method=quantile_mapping --plan threads=1");
    const { stdout } = await succeed(words, inRoot);
    expect(stdout).toContain("data.image_size=4");
    expect(stdout).not.toMatch(/^(model|sigma)/m);
  });

  it("in another unit are converted, so that their samples are the same", async () => {
    const { values } = await read("model.nc");
    const kilos = Array.from(values, (x) => (Number.isNaN(x) ? -1 : x / 86_400));
    const attributes = { _FillValue: -1, units: "kg m-2 s-1" };
    // The file has its rows from south to north, the values are read from north to south.
    const rows = kilos.map((_, i) => kilos[i - (i % 6) + ((i + 3) % 6)]);
    await fieldFormats[0][1](root, smallFields(24, [{ values: rows, attributes }]), "in-kilos");
    const { stderr, stdout } = await sample(folder, "in-kilos.nc", "of-kilos.nc");
    expect(stdout + stderr).toContain("in-kilos.nc: pr is converted from kg m-2 s-1 to mm/d");
    await sample(folder, "model.nc", "of-rain.nc");
    const [converted, plain] = await Promise.all(["of-kilos.nc", "of-rain.nc"].map(read));
    for (const [i, value] of plain.values.entries())
      if (!Number.isNaN(value)) expect(converted.values[i]).toBeCloseTo(value, 4);
    const kelvin = smallFields(24, [{ values: rows, attributes: { units: "K" } }]);
    await fieldFormats[0][1](root, kelvin, "kelvin");
    await refuse(
      ["sample", folder, "kelvin.nc", "x.nc", "direction=f"],
      ["NEW kelvin.nc has pr in K: expected mm/d"],
      inRoot,
    );
  });

  it("of other longitudes are a warning, and no samples for a second run", async () => {
    const file = smallFields(24, [{ attributes: { units: "mm/d" } }]);
    const variables = file.variables.map((one) =>
      one.name === "lon" ? { ...one, values: [-180, -170, -160] } : one,
    );
    await fieldFormats[0][1](root, { ...file, variables }, "west");
    const fitted = await succeed(
      wordsOf("fit west.nc west.nc method=quantile_mapping threads=1 test_npar=2 name=west"),
      inRoot,
    );
    const [, west = ""] = /report: +(.*)\/report\.html/.exec(fitted.stdout) ?? [];
    const report = readFileSync(resolve(root, west, "report.html"), "utf8");
    expect([/dsbm export/, /dsbm sample/].map((one) => one.test(report))).toEqual([false, true]);
    await refuse(["export", west, "x.html"], ["do not hold fields"], inRoot);
    const { stdout, stderr } = await sample("experiments/west", "model.nc", "east.nc");
    expect(stdout + stderr).toContain("has lon 0 to 20, the training data lon -180 to -160");
    await refuse(
      ["sample", folder, "model.nc", "x.nc", "then=experiments/west", "direction=f"],
      ["has lon 0 to 20, the training data lon -180 to -160: expected one grid"],
      inRoot,
    );
  });

  it("of another unit are converted to the unit of the target, and a closed form is followed by a network", async () => {
    const [, write] = fieldFormats[0];
    const values = Array.from({ length: 24 * 6 }, (_, i) => (i % 7) / 86_400);
    const kilos = (units?: string) =>
      smallFields(24, [{ values, ...(units && { attributes: { units } }) }]);
    await write(root, kilos("kg m-2 s-1"), "kilos");
    await write(root, kilos("K"), "kelvins");
    await write(root, kilos(), "bare");
    const fit = (files: string) =>
      wordsOf(`fit ${files} method=quantile_mapping threads=1 test_npar=2`);
    const { stdout, stderr } = await succeed(
      [...fit("observed.nc kilos.nc"), "name=kilos"],
      inRoot,
    );
    const said = stdout + stderr;
    expect(said).toContain("pr is converted from mm/d to kg m-2 s-1");
    expect(said).not.toMatch(/spreads|Train for longer/);
    const next = await sample(folder, "model.nc", "then-kilos.nc", "then=experiments/kilos");
    expect(next.stdout + next.stderr).toMatch(/the output of .*: pr is converted from mm\/d to kg/);
    const mapped = (await read("then-kilos.nc")).values;
    expect(mapped.every((x) => !(x > 6.001 / 86_400))).toBe(true);
    await refuse(
      fit("kelvins.nc observed.nc"),
      ["kelvins.nc has pr in K: expected mm/d, the unit of the target, or a unit that"],
      inRoot,
    );
    const marked = values.map((x, i) => (i % 24 === 1 ? -9999 : x));
    await write(root, smallFields(24, [{ values: marked }]), "marked");
    const { stdout: marks } = await succeed([...fit("bare.nc marked.nc"), "--plan"], inRoot);
    expect(marks).toMatch(/6 of 144 values of marked\.nc have -9999, far from .*data\.na="-9999"/);
    const { stdout: plan } = await succeed([...fit("bare.nc observed.nc"), "--plan"], inRoot);
    expect(plan).toMatch(/pr spreads \d+ times less in bare\.nc than in observed\.nc: .*cdo mulc/);
  });

  it.each([
    ["data.image_size=1", ["write data.image_size=4"]],
    ["data.static=nowhere.nc", ["nowhere.nc: no such file"]],
    ["data.static=pr", ["model.nc: has no pr without times on 2×3 cells"]],
    ["data.season=true transfer=false", ["needs the dates of two files"]],
    ["data.static=orography.nc data.random_flip=true", ["leave data.random_flip out"]],
    ["data.random_flip=true", ["are not the same after mirroring"]],
    ["data.crop=8", ["data.crop=8 trains on parts of 8×8 cells, got samples of shape [1,4,4]"]],
    ["data.crop=2 method=gaussian_bridge", ["trains no network on parts"]],
    [
      "data.static=orography.nc method=quantile_mapping",
      ["method=quantile_mapping is a closed form"],
    ],
    ["data.variables=tas", ["has no variable tas; there are pr"]],
    ["data.standardise=robust", ["write data.transform=log1p or sqrt"]],
    ["data.range=tas:0..", ["data.range=tas"]],
  ])("are refused with %s", async (words, texts) => {
    await refuse([...training, ...wordsOf(words)], texts, inRoot);
  });
});
