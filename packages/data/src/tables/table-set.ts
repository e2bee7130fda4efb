// A table of the user's own as a data set: "table:PATH". It is prepared once, into mapped files.
import { createHash } from "node:crypto";
import { basename, dirname, join, resolve } from "node:path";
import { stream } from "@dsbm/bridge";
import { io, randperm, type Tensor, tidy } from "@dsbm/torch";
import { rowCount, testFraction } from "../counts.js";
import type { DataSet, Preparation, SetOptions } from "../data-set.js";
import { DatasetError } from "../errors.js";
import { status } from "../files/read.js";
import { isWhole } from "../files/seal.js";
import { newTable, type Table } from "../table.js";
import { factsVersion, readFacts } from "./facts.js";
import { checkFile } from "./open.js";
import { prepareRows, removeDamaged, sealName } from "./prepare/prepare.js";

/** The prefix of the name of such a set; the path follows. */
export const tablePrefix = "table:";

/**
 * The rows of a .csv, .tsv, .parquet, .npy, .npz or .h5ad file, columns with numbers by default, as vectors [n, d] from
 * which an offset is taken (`facts`), mapped. A random share (`test_fraction`) is the test split, which depends on the
 * seed and on the number of rows; with `n` only n random ones of a split, in memory.
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
  const folder = place(path, options);
  if (status(folder) !== undefined) {
    if (await isWhole(join(folder, sealName), signal)) return;
    say?.(`${folder} does not match its ${sealName}: the table is read again`);
    removeDamaged(folder);
  }
  await prepareRows(path, folder, {
    ...options.table,
    ...{ seed, signal, fraction: testFraction(options) },
    progress: (state) => progress?.({ name, split, ...state }),
  });
  if (place(path, options) !== folder)
    throw new DatasetError(
      "ChangedFile",
      `${path}: changed while it was read: start again when it is written`,
    );
}

function load(path: string, options: SetOptions): Table {
  const { name, split, n, seed = 0 } = options;
  const folder = place(path, options);
  if (status(folder) === undefined)
    throw new DatasetError(
      "NotPrepared",
      `${name} (${split}): is not prepared yet: await prepareTable with the same options first`,
    );
  const facts = readFacts(join(folder, "facts.json"));
  return tidy(() => {
    const all = io.mapNpy(join(folder, `${split}.npy`));
    const total = all.size(0);
    const count = rowCount(n, total, { name, split });
    const drawn = () =>
      randperm(total, { generator: stream(seed, `table/order/${split}/${total}`) });
    const order = drawn();
    // A part is taken at random: files are often sorted.
    const some = (t: Tensor, by = order) =>
      count < total ? t.indexSelect(0, by.narrow(0, 0, count)) : t;
    return newTable({
      ...{ name, split, facts, source: path },
      x: some(all),
      ...(count === total && { order }),
      origin: () =>
        tidy(() => ({
          rows: Int32Array.from(
            some(
              io.mapNpy(join(folder, `numbers_${split}.npy`)),
              drawn(),
            ).toArray() as Float64Array,
          ),
          total: facts.all,
        })),
      condition: facts.condition && some(io.mapNpy(join(folder, `condition_${split}.npy`))),
    });
  });
}

/** The folder of the prepared files: its name tells the file, as it is now, and all options. */
function place(path: string, options: SetOptions): string {
  const { size, mtimeMs } = checkFile(path);
  const {
    directory,
    cache = join(directory ?? dirname(resolve(path)), "prepared"),
    seed = 0,
  } = options;
  const key = JSON.stringify([
    ...[factsVersion, resolve(path), size, mtimeMs, seed, testFraction(options)],
    options.table ?? {},
  ]);
  const digest = createHash("sha256").update(key).digest("hex").slice(0, 16);
  const shown = basename(path).replace(/[^\w.-]+/g, "-");
  return join(cache, `${shown}-${digest}`);
}
