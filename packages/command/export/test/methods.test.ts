// The models of every method: the drift with all that stands before and behind the network, in either direction.
import {
  type Conditions,
  type Direction,
  driftOf,
  type MixturePotential,
  methodsWith,
  type PointBridge,
  type Preconditioned,
  type UnbalancedMixture,
} from "@dsbm/bridge";
import type { Trained } from "@dsbm/inference";
import { bridgeProcess, buildNetwork } from "@dsbm/problem";
import * as T from "@dsbm/torch";
import { beforeEach, expect, it } from "vitest";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { trainConfig } from "../../../../test/support/problem.js";
import { type ExportedGraph, graphsOf, kindOf } from "../src/bridge/models.js";
import { encodeModel } from "../src/onnx/model.js";
import { normal, open, run, times } from "./onnx.js";

beforeEach(() => {
  T.setNumThreads(1);
});

/** A run that was read, and its networks with weights of a seed. */
function trainedRun(words: readonly string[], { shape = [3], name = "" } = {}) {
  const vectors = ["dataset=gaussian", "data.dim=3", "model.hidden='16,16'"];
  const found = trainConfig(...(shape.length === 1 ? vectors : []), ...words);
  const config = { ...found, ...(name && { method: name }) };
  const process = bridgeProcess(config);
  const { method } = process;
  const make = (direction: Direction) => {
    const net = buildNetwork(config, direction, { classes: 0, shape, method });
    const generator = generatorOf(direction === "f" ? 1 : 2);
    for (const p of net.parameters())
      T.noGrad(() => T.tidy(() => p.add_(T.randn(p.shape, { generator }).mul(0.2))));
    return net.eval();
  };
  const b = make("b");
  const networks = { b, f: method.networks === "each" ? make("f") : b };
  const rest = { config, shape, folder: "RUN", columns: null, directions: ["b", "f"] };
  const conditioning = { channels: 0, classes: false };
  const run = { ...process, ...rest, conditioning, models: {} } as unknown as Trained;
  return { run, networks };
}

type Made = ReturnType<typeof trainedRun>;

/** What a sampler asks natively. */
function native({ run: own, networks }: Made, direction: Direction, x: T.Tensor, t: T.Tensor) {
  const conditions: Conditions | undefined = undefined;
  if (kindOf(own) === "drift")
    return driftOf({ ...own, networks }, { direction, grid: own.grid, conditions })(x, t);
  return networks[direction].forward(x, t, conditions);
}

const encode = (graph: ExportedGraph["graph"]) => encodeModel({ graph, about: "", metadata: {} });

/** The largest relative difference of all directions of all models, for 1 and 7 rows. */
async function deviation(made: Made, graphs: readonly ExportedGraph[]) {
  let worst = 0;
  for (const { graph, directions } of graphs) {
    const session = await open(encode(graph));
    for (const [way, input] of Object.entries(directions))
      for (const n of [1, 7]) {
        const x = normal(made.run.shape)(n);
        const t = times(n);
        const feeds = { x, t, ...(input !== null && { direction: T.full([n], input) }) };
        const several = session.outputNames.includes(`${kindOf(made.run)}_${way}`);
        const name = several ? `${kindOf(made.run)}_${way}` : kindOf(made.run);
        const wanted = T.noGrad(() => native(made, way as Direction, x, t));
        const found = await run(session, feeds, name);
        worst = Math.max(worst, distance(found, wanted) / wanted.abs().amax().item());
      }
    await session.release();
  }
  return worst;
}

const graphsBoth = ({ run, networks }: Made) => graphsOf(run, networks, ["f", "b"]);
/** Expects the models of both directions to give what is asked natively; gives them. */
async function expectSame(made: Made, graphs = graphsBoth(made)) {
  expect(await deviation(made, graphs)).toBeLessThan(1e-4);
  return graphs;
}
/** Samples of two ends that differ. */
const ends = () => ({ x0: normal([3], 4)(50), x1: normal([3], 5)(50).mul(2).add(1) });

it.each([
  ["", 2],
  ["std_trick=true", 2],
  ["mean_match=true", 2],
  ["sde=vp mean_match=true", 2],
  ["sde=vp mean_match=false", 2],
  ["method=sf2m", 1],
  ["method=rf", 1],
])("%j", async (words, models) => {
  const made = trainedRun(words.split(" ").filter(Boolean));
  expect(await expectSame(made)).toHaveLength(models);
});

it("increments are a drift with the length of a step inside", async () => {
  await expectSame(trainedRun(["num_steps=8", "sigma=1"], { name: "dsb_increments" }));
});

it.each(["true", "mixture"])(
  "DSBM with precondition=%s: it is in the graph of each direction",
  async (what) => {
    const made = trainedRun(["method=dbdsb", `precondition=${what}`, "mixture_components=3"]);
    for (const net of Object.values(made.networks) as Preconditioned[]) {
      net.initialise(ends(), 0.7);
      net.fitMixtures(ends(), 0.7, generatorOf(6));
    }
    expect(await expectSame(made)).toHaveLength(2);
  },
);

it("LightSB: a closed form; methods without a counterpart in ONNX are refused", async () => {
  const light = trainedRun(["method=lightsb", "mixture_components=4"]);
  for (const net of Object.values(light.networks)) (net as MixturePotential).epsilon.fill_(0.8);
  await expectSame(light);
  for (const name of methodsWith(({ onnx }) => !onnx)) {
    const refused = () => graphsBoth(trainedRun([`method=${name}`]));
    expect(refused, name).toThrow(/cannot be exported to ONNX/);
  }
});

it("LightSB with masses: its models hold what masses gain at both ends", async () => {
  const made = trainedRun(["method=lightsb", "mass_penalty=1", "mixture_components=4"]);
  for (const { source, target } of Object.values(made.networks) as UnbalancedMixture[])
    for (const mixture of [source, target]) mixture.epsilon.fill_(0.8);
  for (const { graph, directions } of graphsBoth(made)) {
    const [way] = Object.keys(directions) as Direction[];
    const network = made.networks[way] as UnbalancedMixture;
    const start = T.cat([normal([3])(5), T.zeros([5, 1])], { dim: 1 });
    const end = network.draw(start, normal([4], 6)(5));
    const session = await open(encode(graph));
    const gain = (x: T.Tensor, t: number) => run(session, { x, t: T.full([5], t) }, "jump");
    const [first, last] = way === "f" ? [0, 1] : [1, 0];
    const gained = (await gain(start, first)).add(await gain(end, last));
    expect(distance(gained.select(1, 3), end.select(1, 3))).toBeLessThan(1e-4);
  }
});

it("the Sinkhorn bridge: its training samples are in the models", async () => {
  const made = trainedRun(["method=sinkhorn_bridge"]);
  const ends = { x0: normal([3], 8)(40), x1: normal([3], 9)(30).add(2) };
  for (const net of Object.values(made.networks)) (net as PointBridge).fit(ends, 0.8);
  const graphs = await expectSame(made);
  expect(graphs.map(({ samples }) => samples)).toEqual([{ f: 30 }, { b: 40 }]);
});
