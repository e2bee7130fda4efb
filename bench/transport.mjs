// `node bench/transport.mjs POINTS dense|rows`: one exact transport plan between POINTS points of each side in 50 columns, in a
// process of its own, so that bench/memory.mjs sees its memory. `dense` keeps all costs; `rows` computes them again.
import process from "node:process";
import * as bridge from "@dsbm/bridge";
import * as torch from "@dsbm/torch";

const [count, storage] = process.argv.slice(2);
const columnCount = 50;
const points = (mean, of) =>
  torch.randn([Number(count), columnCount], { generator: bridge.stream(0, of) }).add(mean);
const x = points(0, "source");
const y = points(0.2, "target");
const mostCosts = storage === "dense" ? Number.POSITIVE_INFINITY : 0;
const { cost } = bridge.exactPointPlan(x, y, { mostCosts });
if (!(cost > 0)) throw new Error(`the plan costs ${cost}; expected a positive number`);
