// Synthetic counts of single cells as .h5ad: a csr matrix, and a column `condition` of obs.
import { openH5 } from "../packages/library/data/dist/files/hdf5.js";

/** Cells that are written at once. */
const blockCells = 1000;
/** One of so many genes has a changed rate in treated cells. */
const genesPerChange = 50;

/** Numbers from 0 to 1, always the same ones. */
function uniformNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The share of cells that express each gene: three types of cells, and genes that react to the treatment. */
function expression(genes, share) {
  const rate = (gene, type) => 2 * share * ((gene * 0.618034 + type * 0.1) % 1);
  return [0, 1, 2].flatMap((type) =>
    [1, 1.8].map((change) =>
      Float64Array.from({ length: genes }, (_, gene) =>
        Math.min(rate(gene, type) * (gene % genesPerChange === type ? change : 1), 1),
      ),
    ),
  );
}

/** The entries of a block of cells in csr. */
function drawBlock(first, count, { rates, next }) {
  const [places, values, ends] = [[], [], []];
  for (let cell = first; cell < first + count; cell++) {
    const own = rates[2 * (cell % 3) + (Math.floor(cell / 3) % 2)];
    for (let gene = 0; gene < own.length; gene++) {
      if (next() >= own[gene]) continue;
      places.push(gene);
      values.push(Math.max(1, Math.ceil(-1.5 * Math.log(1 - next()))));
    }
    ends.push(values.length);
  }
  return { places, values, ends };
}

function encode(entity, type, version) {
  entity.create_attribute("encoding-type", type);
  entity.create_attribute("encoding-version", version);
}

const growing = (group, name, data, chunk) =>
  group.create_dataset({ name, data, shape: [data.length], maxshape: [null], chunks: [chunk] });

function frame(file, name, index, columns) {
  const group = file.create_group(name);
  encode(group, "dataframe", "0.2.0");
  group.create_attribute("_index", "_index");
  const names = Object.keys(columns);
  group.create_attribute("column-order", names.length > 0 ? names : new Float64Array(), undefined);
  for (const [key, texts] of Object.entries({ _index: index, ...columns }))
    encode(
      group.create_dataset({ name: key, data: texts, shape: [texts.length] }),
      "string-array",
      "0.2.0",
    );
}

/** Writes `cells` × `genes` counts, of which about `share` are not 0; half of the cells are treated. */
export async function writeCounts(path, { cells, genes, share }) {
  const { file } = await openH5(path, "w");
  encode(file, "anndata", "0.1.0");
  const x = file.create_group("X");
  encode(x, "csr_matrix", "0.1.0");
  x.create_attribute("shape", BigInt64Array.of(BigInt(cells), BigInt(genes)));
  const random = { rates: expression(genes, share), next: uniformNumbers(1) };
  const pointers = [0];
  let data = null;
  let indices = null;
  for (let first = 0; first < cells; first += blockCells) {
    const count = Math.min(blockCells, cells - first);
    const { places, values, ends } = drawBlock(first, count, random);
    const before = pointers.at(-1);
    const length = before + values.length;
    const range = [[before, length]];
    if (data === null) {
      data = growing(x, "data", Float32Array.from(values), 2 ** 16);
      indices = growing(x, "indices", Int32Array.from(places), 2 ** 16);
    } else {
      for (const dataset of [data, indices]) dataset.resize([length]);
      data.write_slice(range, Float32Array.from(values));
      indices.write_slice(range, Int32Array.from(places));
    }
    for (const end of ends) pointers.push(before + end);
  }
  x.create_dataset({ name: "indptr", data: Int32Array.from(pointers), shape: [cells + 1] });
  const names = (prefix, n) => Array.from({ length: n }, (_, i) => `${prefix}${i}`);
  const condition = Array.from({ length: cells }, (_, i) =>
    Math.floor(i / 3) % 2 === 0 ? "control" : "treated",
  );
  frame(file, "obs", names("cell", cells), { condition });
  frame(file, "var", names("gene", genes), {});
  file.close();
}
