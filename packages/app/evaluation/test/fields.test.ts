// Spectra of fields in evaluations: they are compared with all fields held out.
import { decodeImages, isotropicSpectrum } from "@dsbm/bridge";
import { testRows } from "@dsbm/datasets";
import { setNumThreads, type Tensor } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { measuringOf, trainConfig, withEnds } from "../../../../test/support/problem.js";
import { fieldMetrics, meanError } from "../src/metrics/fields.js";
import { measureSet } from "../src/set-measurement.js";
import { noSet } from "./set.js";

beforeAll(() => setNumThreads(1));

const startError = (start: Tensor, fields: Tensor) =>
  meanError(isotropicSpectrum(start), isotropicSpectrum(fields));

it.each([
  ["however few are carried", 40, 6],
  ["where that is all there are", 12, 12],
])("spectra are measured against all held-out fields, %s", async (_, held, carried) => {
  const words = ["dataset=downscaler_synthetic", "data.image_size=16", "data.n_train=20"];
  const config = trainConfig(...words, `data.n_test=${held}`, `test_npar=${carried}`);
  await withEnds(config, async (ends) => {
    using context = measuringOf(ends, config);
    const start = testRows(ends.x1, carried, config.seed);
    const data = testRows(ends.x0, carried, config.seed);
    const reserve = testRows(ends.x0, carried, config.seed, "train");
    const found = await measureSet(
      {
        ...noSet,
        direction: "b",
        source: "x1",
        target: "x0",
        sourceRows: start,
        generatedRows: start,
        targetRows: data,
        floorRows: () => reserve,
      },
      fieldMetrics,
      context,
    );
    const rows = new Map(found?.rows.map((row) => [row.name, row]));
    const all = decodeImages(ends.x0.test);
    expect(rows.get("band_error")?.ceiling).toBeCloseTo(startError(start, all) as number, 9);
    if (held > carried)
      expect(rows.get("band_error")?.ceiling).not.toBeCloseTo(startError(start, data) as number, 4);
    for (const t of [start, data, reserve, all]) t.dispose();
  });
});
