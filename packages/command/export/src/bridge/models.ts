import {
  asColumn,
  type Conditions,
  type Direction,
  driftOf,
  IntervalTable,
  type Network,
  networkOutput,
  PointBridge,
  UnbalancedMixture,
  withDirection,
} from "@dsbm/bridge";
import { type Encoding, networkShape } from "@dsbm/datasets";
import type { Trained, TrainedNetworks } from "@dsbm/inference";
import { arange, cat, full, Generator, rand, randn, type Tensor, tidy, zeros } from "@dsbm/torch";
import { convert } from "../convert.js";
import type { Graph } from "../onnx/model.js";
import { trace } from "../trace.js";

/** What networks predict: the drift of an SDE, the velocity of an ODE, the mean of the next state, or a draw of the endpoint. */
export type Kind = "drift" | "velocity" | "mean" | "endpoint";

/** An ONNX graph, the directions that it serves, and the number of samples of its trace. */
export interface ExportedGraph {
  graph: Graph;
  directions: Partial<Record<Direction, number | null>>;
  samples: Partial<Record<Direction, number>>;
}

/** What the networks of a method predict. */
export function kindOf({ method }: Pick<Trained, "method">): Kind {
  if (method.sampler) return method.dividesSteps ? "endpoint" : "mean";
  if (method.predicts === "velocity") return "velocity";
  return "drift";
}

const hasEnd = ({ method, parametrisation }: Trained): boolean =>
  method.predicts === "drift" && parametrisation.meanMatch;

/** A state of the sampler: a sample, with growth also its log mass. */
export const stateShape = ({
  shape,
  method,
  config,
}: Pick<Trained, "shape" | "method" | "config">) =>
  method.mass ? [shape[0] + 1] : networkShape(shape, config.data);

function inputsOf(trained: Trained, { direction }: { direction: boolean }) {
  const { shape, conditioning, columns, chain, method } = trained;
  const generator = Generator.create(0);
  const { channels, classes } = conditioning;
  const column = columns?.condition;
  const states = (n: number) => randn([n, ...stateShape(trained)], { generator });
  const cond = (n: number) =>
    column
      ? zeros([n], { dtype: column.classes ? "int64" : "float64" })
      : zeros([n, channels, ...shape.slice(1)]);
  return {
    x: states,
    t: (n: number) => rand([n], { generator }),
    ...(direction && { direction: (n: number) => full([n], 1) }),
    ...(channels > 0 && { cond }),
    ...(classes && { y: (n: number) => zeros([n], { dtype: "int64" }) }),
    ...(chain && { interval: (n: number) => zeros([n], { dtype: "int64" }) }),
    ...(method.takesSteps && { step: (n: number) => zeros([n]) }),
    ...(kindOf(trained) === "endpoint" && { noise: states }),
  } satisfies Record<string, (n: number) => Tensor>;
}

function conditionInputs(cond: Tensor, { columns }: Pick<Trained, "columns">): Tensor {
  const column = columns?.condition;
  if (!column) return cond;
  const { classes, mean, std } = column;
  if (!classes)
    return cond
      .sub(mean)
      .div(std || 1)
      .to("float32")
      .unsqueeze(1);
  const all = arange(0, classes.length, { dtype: "int64" });
  return cond.unsqueeze(1).eq(all).to("float32");
}

const takesDirection = ({ method, process, parametrisation }: Trained): boolean =>
  method.networks === "bidirectional" &&
  process.own === null &&
  !parametrisation.meanMatch &&
  !parametrisation.stdTrick;

type Outputs = (x: Tensor, t: Tensor, conditions: Conditions & { noise?: Tensor }) => Tensor[];

function outputsOf(
  trained: Trained,
  networks: TrainedNetworks,
  direction: Direction,
  kind: Kind,
): Outputs {
  const network = networks[direction] as Network;
  return inIntervals(trained, kind, (x, t, { noise, ...conditions }) => {
    if (noise) return [network.forward(cat([x, noise], { dim: 1 }), t, conditions)];
    if (kind !== "drift") return [network.forward(x, t, conditions)];
    const { method, process, parametrisation } = trained;
    // With the direction as an input, the method's settings are not set again.
    const dynamics = conditions.direction ? { ...method, networks: "each" as const } : method;
    const drift = driftOf(
      { ...trained, method: dynamics, networks },
      { direction, grid: trained.grid, conditions },
    );
    if (network instanceof UnbalancedMixture)
      return [drift(x, t), network.jump(x, direction === "f" ? t : t.rsub(1))];
    if (!hasEnd(trained)) return [drift(x, t)];
    const evaluated = withDirection(direction, network, dynamics);
    const end = networkOutput({
      network: evaluated,
      direction,
      process,
      parametrisation,
      conditions,
    });
    return [drift(x, t), end(x, t)];
  });
}

/** In the time and the units of the whole course: the drift, and the end of the interval, or a draw of it. */
function inIntervals({ chain }: Trained, kind: Kind, within: Outputs): Outputs {
  if (!chain) return within;
  const table = new IntervalTable(chain);
  return (x, t, conditions) => {
    const { from, length } = table.of(conditions);
    const unit = asColumn(length.sqrt(), x);
    const { step } = conditions;
    const own = step ? { ...conditions, step: step.div(length) } : conditions;
    const [drift, end] = within(x.div(unit), t.sub(from).div(length), own) as [Tensor, Tensor?];
    if (kind === "endpoint") return [drift.mul(unit)];
    return end ? [drift.div(unit), end.mul(unit)] : [drift.div(unit)];
  };
}

/**
 * The ONNX graphs of the networks of `directions`.
 * @throws {ConfigError} for operations without a counterpart.
 */
export function graphsOf(
  trained: Trained,
  networks: TrainedNetworks,
  directions: readonly Direction[],
): ExportedGraph[] {
  const isInput = takesDirection(trained);
  const isOne = isInput || kindOf(trained) === "velocity";
  const parts = isOne ? [directions] : directions.map((way) => [way]);
  return parts.map((ways) => graphOf(trained, networks, ways, isInput));
}

function graphOf(
  trained: Trained,
  networks: TrainedNetworks,
  directions: readonly Direction[],
  isInput: boolean,
): ExportedGraph {
  const kind = kindOf(trained);
  const { mass, plan } = trained.method;
  const [first] = directions;
  const outputs = outputsOf(trained, networks, first, kind);
  const inputs = inputsOf(trained, { direction: isInput });
  const keys = Object.keys(inputs);
  const graph = tidy(() => {
    const graph = trace(
      (x, t, ...more) => {
        const at = x;
        const time = t;
        const plain: Conditions = Object.fromEntries(keys.slice(2).map((key, i) => [key, more[i]]));
        const conditions = {
          ...plain,
          ...(plain.cond && { cond: conditionInputs(plain.cond, trained) }),
        };
        return outputs(at, time, conditions);
      },
      (n) => Object.values(inputs).map((make) => make(n)),
    );
    return convert(graph, {
      inputs: keys,
      outputs: [kind, ...(hasEnd(trained) ? ["end"] : []), ...(mass && plan ? ["jump"] : [])],
    });
  });
  const places = directions.map((way) => [way, isInput ? Number(way === "f") : null]);
  return {
    graph,
    directions: Object.fromEntries(places),
    samples: samplesIn(networks, directions),
  };
}

/** The two models of an autoencoder: images [n, C, H, W] ↦ latent maps [n, c, h, w], and back within −1 … 1. */
export function autoencoderGraphs(
  { autoencoder }: Encoding,
  { shape, config }: Pick<Trained, "shape" | "config">,
): Record<"encoder" | "decoder", Graph> {
  const generator = Generator.create(0);
  const rows = (of: readonly number[]) => (n: number) => [randn([n, ...of], { generator })];
  return tidy(() => ({
    encoder: convert(
      trace((images) => [autoencoder.encode(images)], rows(shape)),
      { inputs: ["image"], outputs: ["latent"] },
    ),
    decoder: convert(
      trace(
        (latents) => [autoencoder.decode(latents).clamp({ min: -1, max: 1 })],
        rows(networkShape(shape, config.data)),
      ),
      { inputs: ["latent"], outputs: ["image"] },
    ),
  }));
}

function samplesIn(
  networks: TrainedNetworks,
  directions: readonly Direction[],
): Partial<Record<Direction, number>> {
  const held = directions.flatMap((way) => {
    const network = networks[way];
    return network instanceof PointBridge ? [[way, network.points.size(0)] as const] : [];
  });
  return Object.fromEntries(held);
}
