// Writes samples of a .h5ad file into a copy: a matrix of obsm in the data's own units, NaN for
// other rows.
import { copyH5ad, type H5adCopy, toRows, type UnsValue } from "@dsbm/data";
import { stageFile } from "@dsbm/files";
import { readQuality, version } from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import type { H5adPlace } from "../input/input.js";
import { timeLabel } from "../times.js";
import type { Trained } from "../trained.js";
import { unitsOf } from "../units.js";
import type { Output, OutputOptions } from "./output.js";
import { writingTo } from "./table.js";

export function h5adOutput(path: string, options: OutputOptions & { place: H5adPlace }): Output {
  const { trained, place, end, settings, seen } = options;
  const units = unitsOf(trained);
  const name = `${place.layer}_at_${timeLabel(trained.config, end)}`;
  const replacement = stageFile(path);
  let copy: H5adCopy | null = null;
  let put: ReturnType<H5adCopy["obsm"]> | null = null;
  let filled = 0;
  const writing = writingTo(path);
  const open = async () => {
    copy ??= await copyH5ad(place.path, replacement.temporary);
    put ??= copy.obsm(name, units.width);
    return { copy, put };
  };
  return {
    about: () => `${path}, obsm ${name} of ${filled} rows and ${units.width} columns`,
    async put(x, { rows = [] }) {
      const numbers = tidy(() => units.undo(x.to({ device: "cpu" })));
      seen?.(numbers);
      await writing(async () => {
        const { put } = await open();
        put(toRows(numbers, "float32"), rows);
        filled += rows.length;
      });
    },
    async commit() {
      await writing(async () => {
        const { copy } = await open();
        copy.uns("dsbm", "sample", runRecord(trained, settings));
        copy.close();
      });
      replacement.commit();
    },
    discard() {
      units.dispose();
      copy?.abandon();
      replacement.discard();
    },
  };
}

/** A record for uns: the run, its options, its metrics with floors. */
export function runRecord({ folder, config }: Trained, settings: object): UnsValue {
  const { method, sigma, seed, Dataset, Dataset_transfer } = config;
  const run = { method, sigma, seed, Dataset, Dataset_transfer };
  const rows = readQuality(folder)?.rows ?? [];
  const metrics = rows.map(({ name, direction, column, value, floor, ceiling }) => [
    [name, direction, column].filter((part) => part !== null && part !== undefined).join(" "),
    known({ value, floor, ceiling }),
  ]);
  return {
    version,
    folder,
    run: known(run),
    settings: known(settings),
    metrics: Object.fromEntries(metrics),
  };
}

const known = (record: object): UnsValue =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
