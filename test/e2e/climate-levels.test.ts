// NetCDF files with levels: each level of a variable is a channel.
import { join } from "node:path";
import { openFields } from "@dsbm/data";
import { describe, expect, it } from "vitest";
import { fieldFormats, smallFields } from "../../packages/library/data/test/fields/field-files.js";
import { withLevels } from "../../packages/library/data/test/fields/level-files.js";
import { refuse, scratch, succeed, wordsOf } from "./cli.js";
import { headerByNcdump } from "./netcdf-programs.js";

const root = scratch();
const inRoot = { cwd: root };

describe("NetCDF files", () => {
  it("of several levels keep them, in the order of the run and with the coordinates of the target", async () => {
    const levels = async (name: string, values: number[], units: string) => {
      const n = 12 * values.length * 6;
      const wind = Array.from(
        { length: n },
        (_, i) => values[Math.floor(i / 6) % values.length] + i / n,
      );
      const ua = { name: "ua", dimensions: ["time", "lev", "lat", "lon"], values: wind };
      await fieldFormats[3][1](
        root,
        withLevels(smallFields(12, [{}]), { values, units }, [ua]),
        name,
      );
    };
    await levels("pascals", [85_000, 50_000], "Pa");
    await levels("hectopascals", [500, 850], "hPa");
    const files = "fit pascals.nc hectopascals.nc method=quantile_mapping";
    const words = `${files} threads=1 test_npar=2`;
    await refuse(
      wordsOf(`${words} data.variables=ua`),
      ["ua@850 of pascals.nc would become ua@500"],
      inRoot,
    );
    const orders = { second: "pr,ua@500,ua@850", first: "ua@850,pr,ua@500" };
    for (const [name, variables] of Object.entries(orders))
      await succeed(wordsOf(`${words} data.variables=${variables} name=${name}`), inRoot);
    await succeed(wordsOf(`${words} data.variables=pr name=rain`), inRoot);
    const then = "then=experiments/second";
    await refuse(
      ["sample", "experiments/rain", "pascals.nc", "x.nc", then, "direction=f"],
      [
        "takes the variables pr, ua@500, ua@850;",
        "gives pr: expected the same variables and levels",
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
});
