// A dataset of your own with a name: two arms of a spiral, as many rows as you ask for.
import { fit } from "dsbm";
import { type DataSet, datasets, loadTable } from "dsbm/data";
import { Generator, rand, randint, randn, stack } from "dsbm/torch";

const n = 2000;
const minutes = 2;

const spiral: DataSet = {
  about: "two arms of a spiral in the plane",
  classes: [], // no labels
  load({ name, split, n = 10_000, seed = 0 }) {
    // Training and test rows are different draws.
    const generator = Generator.create(2 * seed + (split === "test" ? 1 : 0));
    const angle = rand([n], { generator }).sqrt().mul(8);
    const arm = randint(0, 2, [n], { generator }).to("float32").mul(Math.PI);
    const radius = angle.mul(0.4).add(randn([n], { generator }).mul(0.05));
    const x = stack([angle.add(arm).cos().mul(radius), angle.add(arm).sin().mul(radius)], {
      dim: 1,
    });
    const facts = { labels: null, classes: [], condition: null, flip: false };
    return { name, split, source: `drawn from seed ${seed}`, x, ...facts };
  },
};
datasets.spiral = spiral;

const draw = (name: string) => loadTable(name, { split: "train", n }).x;
const bridge = await fit({
  source: draw("normal"),
  target: draw("spiral"),
  max_minutes: minutes,
  onProgress: (progress) => "line" in progress && console.log(progress.line),
});
const { x } = await bridge.sample(loadTable("normal", { split: "test", n: 5 }).x, { seed: 1 });
console.log(x);
console.log(`report: ${bridge.report}`);
bridge.dispose();
