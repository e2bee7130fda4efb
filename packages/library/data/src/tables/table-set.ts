import { basename, dirname, join, resolve } from "node:path";
import { stream } from "@dsbm/bridge";
import { sha256 } from "@dsbm/files";
import { io, randperm, tidy } from "@dsbm/torch";
import {
  type DataSet,
  defaultFraction,
  newTable,
  type Preparation,
  rowCount,
  type SetOptions,
  type Table,
} from "../data-set.js";
import { DatasetError } from "../errors.js";
import { checkPrepared, contentDigest, prepareFolder } from "../files/read.js";
import { factsVersion, readFacts } from "./facts.js";
import { checkFile } from "./open.js";
import { prepareRows } from "./prepare/prepare.js";

/** The beginning of names of datasets that are tables: `table:PATH`. */
export const tablePrefix = "table:";

/**
 * The rows of a .csv, .tsv, .parquet, .npy, .npz or .h5ad file, by default the numeric columns, as
 * mapped vectors [n, d] minus an offset (`facts`). A random share (`test_fraction`) by seed and
 * number of rows is the test split; with `n` only n random rows of a split, in memory.
 */
export function tableSet(path: string): DataSet {
  return {
    about: "the rows of a table of your own",
    prepare: (options) => prepare(path, options),
    load: (options) => load(path, options),
  };
}

async function prepare(path: string, options: SetOptions & Preparation): Promise<void> {
  const { name, split, seed = 0, signal, progress } = options;
  const folder = preparedFolder(path, options);
  await prepareFolder(
    folder,
    async (temporary) => {
      await prepareRows(path, temporary, {
        ...options.table,
        seed,
        signal,
        fraction: options.test_fraction ?? defaultFraction,
        progress: (state) => progress?.({ name, split, ...state }),
      });
      if (preparedFolder(path, options) !== folder)
        throw new DatasetError(
          "ChangedFile",
          `${path}: changed while it was read: expected a finished file; wait until it is written, and start again`,
        );
    },
    options.checkFolder,
  );
}

function load(path: string, options: SetOptions): Table {
  const { name, split, n, seed = 0 } = options;
  const folder = preparedFolder(path, options);
  checkPrepared(folder, `${name} (${split})`);
  const facts = readFacts(join(folder, "facts.json"));
  const total = facts[split];
  const count = rowCount(n, total, { name, split });
  return tidy(() => {
    const order = randperm(total, { generator: stream(seed, `table/order/${split}/${total}`) });
    const isWhole = count === total;
    // A part is chosen at random: files are often sorted.
    const read = (file: string) => {
      const rows = io.mapNpy(join(folder, `${file}_${split}.npy`));
      return isWhole ? rows : rows.indexSelect(0, order.narrow(0, 0, count));
    };
    const beside = read("beside");
    const masses = Object.keys(facts.masses).length;
    return newTable({
      name,
      split,
      facts,
      source: path,
      x: read("rows"),
      ...(isWhole && { order }),
      condition: facts.condition && beside.narrow(1, 1, 1),
      masses: masses > 0 ? beside.narrow(1, beside.size(1) - masses, masses) : null,
      origin: { rows: beside.select(1, 0), total: facts.all },
    });
  });
}

function preparedFolder(path: string, options: SetOptions): string {
  checkFile(path);
  const { directory, table = {}, seed = 0, test_fraction = defaultFraction } = options;
  const { others = [] } = table;
  for (const other of others) checkFile(other.path);
  const facts = [
    factsVersion,
    resolve(path),
    contentDigest(path),
    seed,
    test_fraction,
    table,
    ...others.map((other) => contentDigest(other.path)),
  ];
  const digest = sha256(JSON.stringify(facts)).slice(0, 16);
  const name = `${basename(path).replace(/[^\w.-]+/g, "-")}-${digest}`;
  return join(directory ?? dirname(resolve(path)), "prepared", name);
}
