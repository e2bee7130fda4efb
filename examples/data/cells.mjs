// Writes synthetic cells of days 2, 3 and 7 that become two types: day2.h5ad, day3.h5ad, day7.h5ad, and all in cells.h5ad.
// node cells.mjs [CELLS of a day]
import process from "node:process";
import { cat, Generator, rand, randn } from "dsbm/torch";
import h5wasm from "h5wasm/node";

const n = Number(process.argv[2] ?? 600);
const generator = Generator.create(1);

/** Cells with ten principal components: two branches along the first. Type A grows faster. */
function draw(day) {
  const time = (day - 2) / 5;
  const branch = rand([n, 1], { generator }).lt(0.5 + 0.2 * time);
  const centre = branch.to("float32").mul(8).sub(4).mul(time);
  const first = randn([n, 1], { generator }).mul(0.5).add(centre);
  const x = cat([first, randn([n, 9], { generator }).mul(0.3)], { dim: 1 });
  const values = x.toNumbers();
  return Array.from({ length: n }, (_, i) => {
    const row = values.slice(10 * i, 10 * i + 10);
    return { row, day, celltype: day === 2 ? "stem" : row[0] > 0 ? "A" : "B" };
  });
}

/** Writes cells as anndata does: genes in X, days and types in .obs, components in .obsm. */
function write(name, cells) {
  const file = new h5wasm.File(name, "w");
  const matrix = (parent, key) => {
    const data = Float32Array.from(cells.flatMap(({ row }) => row));
    encode(parent.create_dataset({ name: key, data, shape: [cells.length, 10] }), "array", "0.2.0");
  };
  encode(file, "anndata", "0.1.0");
  matrix(file, "X");
  matrix(group(file, "obsm", "dict", "0.1.0"), "X_pca");
  frame(group(file, "obs", "dataframe", "0.2.0"), {
    cell: cells.map((_, i) => `cell${i}`),
    day: Float64Array.from(cells, ({ day }) => day),
    celltype: cells.map(({ celltype }) => celltype),
  });
  frame(group(file, "var", "dataframe", "0.2.0"), {
    gene: cells[0].row.map((_, k) => `gene${k}`),
  });
  file.close();
}

function encode(entity, type, version) {
  entity.create_attribute("encoding-type", type);
  entity.create_attribute("encoding-version", version);
  return entity;
}

const group = (parent, name, type, version) => encode(parent.create_group(name), type, version);

/** The first column is the index. */
function frame(parent, columns) {
  const [index, ...others] = Object.keys(columns);
  parent.create_attribute("_index", index);
  parent.create_attribute("column-order", others);
  for (const [name, data] of Object.entries(columns)) {
    const type = Array.isArray(data) ? "string-array" : "array";
    encode(parent.create_dataset({ name, data }), type, "0.2.0");
  }
}

await h5wasm.ready;
const days = [2, 3, 7].map(draw);
for (const cells of days) write(`day${cells[0].day}.h5ad`, cells);
write("cells.h5ad", days.flat());
