import { onnxTypes } from "../onnx/model.js";
import type { Converter, Operation } from "../operation.js";

const unary =
  (name: string): Converter =>
  (op) =>
    op.graph.node(name, [op.value("self", op.type)]);

const binary =
  (name: string): Converter =>
  (op) =>
    op.graph.node(name, [op.value("self", op.type), scaledOther(op, "other")]);

const scaledOther = (op: Operation, name: string): string =>
  op.times(op.value(name, op.type), op.number("alpha", 1));

const fill =
  (value: (op: Operation) => number): Converter =>
  (op) => {
    const { graph, type } = op;
    return graph.node("Expand", [graph.numbers(type, value(op)), graph.sizes(op.resultShape())]);
  };

const clamp: Converter = (op) => {
  const { graph, type } = op;
  let value = op.value("self", type);
  if (op.has("min")) value = graph.node("Max", [value, op.value("min", type)]);
  if (op.has("max")) value = graph.node("Min", [value, op.value("max", type)]);
  return value;
};

const identity: Converter = (op) => op.graph.node("Identity", [op.value("self")]);

const functions = {
  cos: "Cos",
  sin: "Sin",
  exp: "Exp",
  log: "Log",
  sqrt: "Sqrt",
  neg: "Neg",
  abs: "Abs",
  relu: "Relu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  sinh: "Sinh",
};

const allocate = (name: string, converter: Converter) => ({
  [name]: converter,
  [`new_${name}`]: converter,
  [`${name}_like`]: converter,
});

/** Converters of operations on each number. */
export const elementwise: Readonly<Record<string, Converter>> = {
  ...Object.fromEntries(Object.entries(functions).map(([name, node]) => [name, unary(node)])),
  eq(op) {
    const type = op.typeOf("self") ?? op.typeOf("other");
    return op.graph.node("Equal", [op.value("self", type), op.value("other", type)]);
  },
  rsqrt: (op) => op.graph.node("Reciprocal", [unary("Sqrt")(op) as string]),
  silu: (op) => op.graph.node("Mul", [op.value("self"), unary("Sigmoid")(op) as string]),
  leaky_relu: (op) =>
    op.graph.node("LeakyRelu", [op.value("self")], {
      alpha: { float: op.number("negative_slope", 0.01) },
    }),
  add: binary("Add"),
  sub: binary("Sub"),
  mul: binary("Mul"),
  div: quotient,
  rsub: (op) => op.graph.node("Sub", [op.value("other", op.type), scaledOther(op, "self")]),
  // libtorch's square calls pow.
  square(op) {
    const base = op.value("self", op.type);
    return op.graph.node("Mul", [base, base]);
  },
  pow(op) {
    const base = op.value("self", op.type);
    const isSquare = op.typeOf("exponent") === undefined && op.number("exponent") === 2;
    return isSquare
      ? op.graph.node("Mul", [base, base])
      : op.graph.node("Pow", [base, op.value("exponent", op.type)]);
  },
  clamp,
  clamp_min: clamp,
  where: (op) =>
    op.graph.node("Where", [
      op.value("condition"),
      op.value("self", op.type),
      op.value("other", op.type),
    ]),
  _to_copy: cast,
  clone: identity,
  alias: identity,
  detach: identity,
  lift_fresh: identity,
  copy: (op) =>
    op.graph.node("Expand", [op.value("src", op.type), op.graph.sizes(op.resultShape())]),
  ...allocate(
    "full",
    fill((op) => op.number("fill_value")),
  ),
  fill: fill((op) => op.number("value")),
  ...allocate(
    "zeros",
    fill(() => 0),
  ),
  ...allocate(
    "ones",
    fill(() => 1),
  ),
  // A program writes to allocated memory before it reads it.
  ...allocate(
    "empty",
    fill(() => 0),
  ),
  arange(op) {
    const [n] = op.resultShape();
    if (typeof n !== "number") throw op.refused("its length depends on the number of rows");
    const start = op.number("start", 0);
    const step = op.number("step", 1);
    return op.graph.numbers(
      op.type,
      Array.from({ length: n }, (_, i) => start + i * step),
      [n],
    );
  },
};

function quotient(op: Operation): string {
  if (op.has("rounding_mode")) throw op.refused("it rounds");
  return op.graph.node("Div", [op.value("self", op.type), op.value("other", op.type)]);
}

function cast(op: Operation): string {
  return op.typeOf("self") === op.type
    ? (identity(op) as string)
    : op.graph.node("Cast", [op.value("self")], { to: onnxTypes[op.type] });
}
