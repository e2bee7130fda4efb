// Writes synthetic cells of days 2, 3 and 7 that become two types: day2.h5ad, day3.h5ad, day7.h5ad, and all in cells.h5ad.
// node cells.mjs [CELLS of a day]
import { renameSync } from "node:fs";
import process from "node:process";
import { copyH5ad, openTableWriter } from "dsbm/data";
import { cat, Generator, rand, randn } from "dsbm/torch";

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
async function write(file, cells) {
  const names = cells[0].row.map((_, k) => `gene${k}`);
  const writer = openTableWriter("genes.h5ad", {
    format: ".h5ad",
    carried: [
      { name: "day", kind: "number" },
      { name: "celltype", kind: "text" },
    ],
    columns: names.map((name) => ({ name, dtype: "float32" })),
  });
  await writer.write({
    count: cells.length,
    numbers: names.map((_, k) => Float64Array.from(cells, ({ row }) => row[k])),
    carried: [cells.map(({ day }) => day), cells.map(({ celltype }) => celltype)],
  });
  await writer.close();
  renameSync("genes.h5ad", file);
  const copy = await copyH5ad(file, "components.h5ad");
  const components = Float32Array.from(cells.flatMap(({ row }) => row));
  copy.obsm("X_pca", names.length)(components, [...cells.keys()]);
  copy.close();
  renameSync("components.h5ad", file);
}

const days = [2, 3, 7].map(draw);
for (const cells of days) await write(`day${cells[0].day}.h5ad`, cells);
await write("cells.h5ad", days.flat());
