import { join } from "node:path";
import { stream } from "@dsbm/bridge";
import { io, randperm, tidy } from "@dsbm/torch";
import { type DataSet, newTable, rowCount, type SetOptions, type Table } from "../data-set.js";
import { preparedSet } from "../files/prepared-set.js";
import { contentDigest } from "../files/read.js";
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
export const tableSet = (path: string): DataSet =>
  preparedSet(path, {
    about: "the rows of a table of your own",
    resumes: true,
    originOf({ table = {} }) {
      const { others = [] } = table;
      for (const one of [path, ...others.map((other) => other.path)]) checkFile(one);
      return {
        version: factsVersion,
        digest: contentDigest(path),
        options: [table, ...others.map((other) => contentDigest(other.path))],
      };
    },
    prepare: (temporary, { table }, work) => prepareRows(path, temporary, { ...table, ...work }),
    load: (folder, options) => load(path, folder, options),
  });

/** The table of `path` from its prepared folder. */
function load(path: string, folder: string, options: SetOptions): Table {
  const { name, split, n, seed = 0 } = options;
  const facts = readFacts(join(folder, "facts.json"));
  const total = facts[split];
  const count = rowCount(n, total, { name, split });
  return tidy(() => {
    const generator = stream(seed, `table/order/${split}/${total}`);
    // Half of the memory of int64, for each row of the table.
    const order = randperm(total, { generator }).to("int32");
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
