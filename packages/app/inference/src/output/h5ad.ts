import type { UnsValue } from "@dsbm/data";
import { readQuality, version } from "@dsbm/runs";
import { tidy } from "@dsbm/torch";
import type { H5adPlace } from "../input/input.js";
import { timeLabel } from "../times.js";
import type { Trained } from "../trained.js";
import type { Output, OutputOptions } from "./output.js";
import { h5adSink } from "./sinks.js";

export async function h5adOutput(
  path: string,
  { bridge, place, end, settings, seen }: OutputOptions & { place: H5adPlace },
): Promise<Output> {
  const { units, trained } = bridge;
  const obsm = `${place.layer}_at_${timeLabel(trained.config, end)}`;
  const columns = units.columns().map(({ name }) => name);
  const sink = await h5adSink(path, place.path, [{ obsm, columns }]);
  let filled = 0;
  return {
    about: () => `${path}, obsm ${obsm} of ${filled} rows and ${units.width} columns`,
    async put(x, { rows }) {
      const numbers = tidy(() => units.undo(x.to({ device: "cpu" })));
      seen?.(numbers);
      const count = x.size(0);
      await sink.put({ count, ...(rows && { rows }), numbers: [], carried: [], values: [numbers] });
      filled += count;
    },
    commit: () => sink.commit("sample", runRecord(trained, settings)),
    discard: () => sink.discard(),
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
