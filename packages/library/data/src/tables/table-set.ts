import { basename, dirname, join, resolve } from "node:path";
import { stream } from "@dsbm/bridge";
import { sha256 } from "@dsbm/files";
import { io, randperm, type Tensor, tidy } from "@dsbm/torch";
import { rowCount, testFraction } from "../counts.js";
import type { DataSet, Preparation, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { prepareFolder } from "../files/prepared.js";
import { status } from "../files/read.js";
import { newTable, type Table } from "../table.js";
import { factsVersion, readFacts } from "./facts.js";
import { checkFile } from "./open.js";
import { prepareRows } from "./prepare/prepare.js";

export const tablePrefix = "table:";

/**
 * The rows of a .csv, .tsv, .parquet, .npy, .npz or .h5ad file, by default the numeric columns, as
 * mapped vectors [n, d] minus an offset (`facts`). A random share (`test_fraction`) by seed and
 * number of rows is the test split; with `n` only n random rows of a split, in memory.
 */
export function tableSet(path: string): DataSet {
  return {
    about: "the rows of a table of your own",
    classes: [],
    prepare: (options) => prepare(path, options),
    load: (options) => load(path, options),
  };
}

async function prepare(path: string, options: SetOptions & Preparation): Promise<void> {
  const { name, split, seed = 0, signal, progress, say } = options;
  const folder = preparedFolder(path, options);
  const cure = "choose another paths.data_dir_name";
  await prepareFolder(folder, { say, cure }, (temporary) =>
    prepareRows(path, temporary, {
      ...options.table,
      seed,
      signal,
      fraction: testFraction(options),
      progress: (state) => progress?.({ name, split, ...state }),
    }),
  );
  if (preparedFolder(path, options) !== folder)
    throw new DatasetError(
      "ChangedFile",
      `${path}: changed while it was read: start again when it is written`,
    );
}

function load(path: string, options: SetOptions): Table {
  const { name, split, n, seed = 0 } = options;
  const folder = preparedFolder(path, options);
  if (status(folder) === undefined)
    throw new DatasetError(
      "NotPrepared",
      `${name} (${split}): is not prepared yet: await prepareTable with the same options first`,
    );
  const facts = readFacts(join(folder, "facts.json"));
  const total = facts[split];
  const count = rowCount(n, total, { name, split });
  const draw = () => randperm(total, { generator: stream(seed, `table/order/${split}/${total}`) });
  return tidy(() => {
    const order = draw();
    // A part is chosen at random: files are often sorted.
    const read = (file: string, by: Tensor) => {
      const rows = io.mapNpy(join(folder, `${file}_${split}.npy`));
      return count < total ? rows.indexSelect(0, by.narrow(0, 0, count)) : rows;
    };
    return newTable({
      name,
      split,
      facts,
      source: path,
      x: read("rows", order),
      ...(count === total && { order }),
      condition: facts.condition && read("condition", order),
      masses: Object.keys(facts.masses).length > 0 ? read("masses", order) : null,
      origin: () =>
        tidy(() => ({
          rows: Int32Array.from(read("numbers", draw()).toArray() as Float64Array),
          total: facts.all,
        })),
    });
  });
}

function preparedFolder(path: string, options: SetOptions): string {
  const { size, mtimeMs } = checkFile(path);
  const { directory, table = {}, seed = 0 } = options;
  const cache = options.cache ?? join(directory ?? dirname(resolve(path)), "prepared");
  const facts = [factsVersion, resolve(path), size, mtimeMs, seed, testFraction(options), table];
  const digest = sha256(JSON.stringify(facts)).slice(0, 16);
  return join(cache, `${basename(path).replace(/[^\w.-]+/g, "-")}-${digest}`);
}
