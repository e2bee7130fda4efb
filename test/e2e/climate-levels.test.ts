// NetCDF files with levels: each level of a variable is a channel.
import { join } from "node:path";
import { openFields } from "@dsbm/data";
import { beforeAll, describe, expect, it } from "vitest";
import { fieldFormats, smallFields } from "../../packages/library/data/test/fields/field-files.js";
import { withLevels } from "../../packages/library/data/test/fields/level-files.js";
import { refuse, scratch, succeed, wordsOf } from "./cli.js";
import { headerByNcdump } from "./netcdf-programs.js";

const root = scratch();
const inRoot = { cwd: root };

/** Winds that begin with their level. */
async function writeLevels(name: string, values: number[], units: string): Promise<void> {
  const n = 12 * values.length * 6;
  const wind = Array.from(
    { length: n },
    (_, i) => values[Math.floor(i / 6) % values.length] + i / n,
  );
  const ua = { name: "ua", dimensions: ["time", "lev", "lat", "lon"], values: wind };
  await fieldFormats[3][1](root, withLevels(smallFields(12, [{}]), { values, units }, [ua]), name);
}

beforeAll(async () => {
  await writeLevels("single", [1000], "hPa");
  const words = "fit single.nc single.nc method=quantile_mapping data.variables=ua test_npar=2";
  await succeed(wordsOf(`${words} threads=1 name=single`), inRoot);
});

describe("NetCDF files", () => {
  it("of several levels keep them, in the order of the run and with the coordinates of the target", async () => {
    await writeLevels("pascals", [85_000, 50_000], "Pa");
    await writeLevels("hectopascals", [500, 850], "hPa");
    const options = "method=quantile_mapping threads=1 test_npar=2";
    const words = `fit pascals.nc hectopascals.nc ${options}`;
    await refuse(
      wordsOf(`${words} data.variables=ua`),
      ["ua@850 of pascals.nc would become ua@500"],
      inRoot,
    );
    const next = `fit hectopascals.nc hectopascals.nc ${options}`;
    for (const run of [
      `${words} data.variables=ua@850,pr,ua@500 name=first`,
      `${next} data.variables=pr,ua@500,ua@850 name=second`,
    ])
      await succeed(wordsOf(run), inRoot);
    await refuse(
      wordsOf("fit pascals.nc single.nc method=quantile_mapping data.variables=ua"),
      [
        "pascals.nc has ua@850, ua@500; single.nc has ua@1000: expected the same variables and levels",
      ],
      inRoot,
    );
    const then = "then=experiments/second";
    await refuse(
      ["sample", "experiments/single", "single.nc", "x.nc", then, "direction=f"],
      [
        "takes the variables pr, ua@500, ua@850;",
        "gives ua: expected the same variables and levels",
      ],
      inRoot,
    );
    await succeed(
      ["sample", "experiments/first", "pascals.nc", "levels.nc", then, "direction=f", "threads=1"],
      inRoot,
    );
    const names = ["ua@500", "ua@850", "pr"];
    const file = await openFields(join(root, "levels.nc"), { variables: names, marks: [] });
    const [at500, at850] = file.grid.channels.map(({ level }) => level);
    const values = await file.read(0, 1);
    file.close();
    expect([at500?.value, at850?.value, at500?.attributes.units]).toEqual([500, 850, "hPa"]);
    expect([0, 6].map((k) => Math.floor(values[k]))).toEqual([500, 850]);
    const header = headerByNcdump(join(root, "levels.nc"));
    if (header) expect(header).toContain("float ua(time, lev, lat, lon)");
  });

  it("of one level keep its dimension", async () => {
    const sample = "sample experiments/single single.nc single-out.nc direction=f threads=1";
    await succeed(wordsOf(sample), inRoot);
    const file = await openFields(join(root, "single-out.nc"), { variables: ["ua"], marks: [] });
    file.close();
    expect(file.grid.channels[0]).toMatchObject({
      name: "ua",
      level: { label: "1000", value: 1000 },
    });
  });
});
