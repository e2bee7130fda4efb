// Images: squares to discs, as bytes in memory. Give image folders by their paths instead: node
// pictures.mjs photos paintings
import { writeFileSync } from "node:fs";
import { fit } from "dsbm";
import { loadTable } from "dsbm/data";
import { imageGrid } from "dsbm/runs";

const n = 1000;
const minutes = 5;

const imagesOf = (name, split) => loadTable(name, { split, n }).x; // bytes [n, 1, 16, 16]
const [
  source = imagesOf("synthetic_squares", "train"),
  target = imagesOf("synthetic_circles", "train"),
] = process.argv.slice(2);

const bridge = await fit({
  source,
  target,
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});
console.log(`report: ${bridge.report}`);

if (typeof source !== "string") {
  // Bytes in, bytes out: each image above its result.
  const some = imagesOf("synthetic_squares", "test").narrow(0, 0, 8);
  const { x } = await bridge.sample(some, { seed: 1 });
  const images = Uint8Array.from([...some.toNumbers(), ...x.toNumbers()]);
  writeFileSync("pictures.png", await imageGrid({ images, shape: [16, 1, 16, 16], columns: 8 }));
  console.log("picture: pictures.png");
}
bridge.dispose();
