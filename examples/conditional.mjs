// A bridge under a condition: each group of patients moves in its own way, and stays itself.
import { writeFileSync } from "node:fs";
import { fit } from "dsbm";

const n = 1500;
const minutes = 2;

/** Two measurements, and the group that they depend on. */
function write(file, shifts) {
  const rows = Array.from({ length: n }, (_, i) => {
    const group = i % 2 === 0 ? "treated" : "control";
    const [x, y] = [Math.sin(i) + shifts[group], Math.cos(7 * i)];
    return `${x.toFixed(4)},${y.toFixed(4)},${group}`;
  });
  writeFileSync(file, `x,y,group\n${rows.join("\n")}\n`);
  return file;
}

const bridge = await fit({
  source: write("week_0.csv", { treated: 0, control: 0 }),
  target: write("week_8.csv", { treated: 3, control: -1 }),
  data: { condition: "group" },
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});

// The same start under both conditions.
const start = [0.2, 0.5];
const { x } = await bridge.sample([start, start], { condition: ["treated", "control"], seed: 1 });
console.log("treated:", x[0], "control:", x[1]);
console.log(`report: ${bridge.report}`);
bridge.dispose();
