import { GraphBuilder } from "../onnx/builder.js";
import { type Graph, onnxTypes, type Port } from "../onnx/model.js";
import type { BridgeDescription } from "./description.js";

type Facts = Pick<BridgeDescription, "state" | "mass" | "transform" | "projection">;

function outside({ state, mass, transform, projection }: Facts): readonly number[] {
  if (transform) return [transform.mean.length];
  const [size = 0, ...rest] = state.shape;
  return projection?.shape ?? (mass ? [size - 1] : [size, ...rest]);
}

const port = (name: string, type: Port["type"], shape: readonly number[]): Port => ({
  name,
  type,
  shape: ["N", ...shape],
});

const ends = (facts: Facts) => ({
  x: port("x", "float64", outside(facts)),
  state: port("state", "float32", facts.state.shape),
});

/** x float64 [N, …] in the data's own units → state float32 [N, …]. */
export function encodeGraph(facts: Facts): Graph {
  const { transform, projection } = facts;
  const { x, state } = ends(facts);
  const graph = new GraphBuilder("x");
  const numbers = (values: number | readonly number[]) => graph.numbers("float64", values);
  let value = "x";
  if (transform) {
    const { log1p, mean, std } = transform;
    if (log1p) value = graph.node("Log", [graph.node("Add", [value, numbers(1)])]);
    value = graph.node("Sub", [value, numbers(mean)]);
    value = graph.node("Div", [value, numbers(std.map((s) => s || 1))]);
  }
  if (projection) {
    const { mean, basis } = matrices(graph, projection);
    const rows = graph.node("Reshape", [value, graph.ints([-1, sizeOf(projection.shape)])]);
    const centred = graph.node("Sub", [rows, mean]);
    value = graph.node("MatMul", [centred, basis]);
    value = graph.node("Div", [value, numbers(projection.scale)]);
  }
  value = graph.node("Cast", [value], { to: onnxTypes.float32 });
  // Every sample starts with mass 1.
  if (facts.mass) {
    const padding = [graph.ints([0, 0, 0, 1]), graph.numbers("float32", 0)];
    value = graph.node("Pad", [value, ...padding]);
  }
  return graph.build("encode", [x], [{ ...state, value }]);
}

/** state float32 [N, …] → x float64 [N, …] in the data's own units, and with growth weight float64 [N]. */
export function decodeGraph(facts: Facts): Graph {
  const { transform, projection } = facts;
  const { x, state } = ends(facts);
  const graph = new GraphBuilder("state");
  const numbers = (values: number | readonly number[]) => graph.numbers("float64", values);
  let value = graph.node("Cast", ["state"], { to: onnxTypes.float64 });
  const weights: (Port & { value: string })[] = [];
  if (facts.mass) {
    const last = graph.numbers("int64", -1);
    const logMass = graph.node("Gather", [value, last], { axis: 1 });
    const weight = graph.node("Exp", [logMass]);
    weights.push({ ...port("weight", "float64", []), value: weight });
    const bounds = [0, -1, 1].map((bound) => graph.ints([bound]));
    value = graph.node("Slice", [value, ...bounds]);
  }
  if (projection) {
    const { mean, basis } = matrices(graph, projection);
    const scaled = graph.node("Mul", [value, numbers(projection.scale)]);
    const turned = graph.node("Transpose", [basis], { perm: [1, 0] });
    value = graph.node("Add", [graph.node("MatMul", [scaled, turned]), mean]);
    value = graph.node("Reshape", [value, graph.ints([-1, ...projection.shape])]);
  }
  if (transform) {
    const { log1p, mean, std } = transform;
    const scaled = graph.node("Mul", [value, numbers(std)]);
    value = graph.node("Add", [scaled, numbers(mean)]);
    if (log1p) value = graph.node("Sub", [graph.node("Exp", [value]), numbers(1)]);
  }
  return graph.build("decode", [state], [{ ...x, value }, ...weights]);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function matrices(
  graph: GraphBuilder,
  { shape, components, mean, basis }: NonNullable<BridgeDescription["projection"]>,
) {
  const d = sizeOf(shape);
  const constant = (base64: string, size: readonly number[]) =>
    graph.node("Cast", [graph.constant("float32", size, Buffer.from(base64, "base64"))], {
      to: onnxTypes.float64,
    });
  return { mean: constant(mean, [d]), basis: constant(basis, [d, components]) };
}
