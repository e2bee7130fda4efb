// Two CSV files: node csv.mjs before.csv after.csv; without any, two small ones are written here first.
import { writeFileSync } from "node:fs";
import { fit } from "dsbm";

const n = 1000;
const minutes = 2;

/** A cohort: an id to keep, an age in years, a pressure in mmHg. */
function write(file, shift) {
  const rows = Array.from({ length: n }, (_, i) => {
    const age = 50 + 15 * Math.sin(i) + 3 * Math.sin(31 * i);
    return `p${i},${age.toFixed(1)},${(90 + 0.6 * age + shift + 8 * Math.sin(17 * i)).toFixed(1)}`;
  });
  writeFileSync(file, `id,age,pressure\n${rows.join("\n")}\n`);
  return file;
}
const [source = write("before.csv", 0), target = write("after.csv", -15)] = process.argv.slice(2);

const bridge = await fit({
  source,
  target,
  data: process.argv[2] ? {} : { keep: ["id"] }, // columns to carry along; data.columns and data.exclude choose others
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

const quality = await bridge.evaluate();
for (const { title, direction, value, floor } of quality.rows)
  console.log(
    direction,
    title,
    value.toPrecision(3),
    floor === null ? "" : `(floor ${floor.toPrecision(3)})`,
  );
console.log(`report: ${bridge.report}`);
console.log(`for other rows: npx dsbm sample ${bridge.folder} ${source} carried.csv direction=f`);
bridge.dispose();
