import { GraphBuilder } from "../onnx/builder.js";
import { type Graph, onnxTypes } from "../onnx/model.js";
import type { Converter } from "../operation.js";

const product =
  (a: string, b: string): Converter =>
  (op) =>
    op.graph.node("MatMul", [op.value(a), op.value(b)]);

const summed =
  (a: string, b: string): Converter =>
  (op) => {
    const all = op.times(product(a, b)(op) as string, op.number("alpha", 1));
    return op.graph.node("Add", [op.times(op.value("self"), op.number("beta", 1)), all]);
  };

const addmm: Converter = (op) => {
  const { graph } = op;
  const matrix = op.value("mat2");
  const maker = graph.maker(matrix);
  const isTransposed = maker?.op === "Transpose" && `${maker.attributes.perm}` === "1,0";
  const weight = isTransposed ? (maker.inputs[0] as string) : matrix;
  return graph.node("Gemm", [op.value("mat1"), weight, op.value("self")], {
    alpha: { float: op.number("alpha", 1) },
    beta: { float: op.number("beta", 1) },
    transB: isTransposed ? 1 : 0,
  });
};

const convolution: Converter = (op) => {
  const [stride, padding, dilations, output_padding] = [
    "stride",
    "padding",
    "dilation",
    "output_padding",
  ].map((name) => op.numbers(name)) as [number[], number[], number[], number[]];
  const inputs = op.present("input", "weight", "bias");
  const dims = op.shape("input").length - 2;
  const wide = (list: number[]) => (list.length === dims ? list : Array(dims).fill(list[0]));
  const pads = wide(padding);
  const window = {
    strides: wide(stride),
    dilations: wide(dilations),
    pads: [...pads, ...pads],
    group: op.number("groups"),
  };
  if (!op.plain<boolean>("transposed", false)) return op.graph.node("Conv", inputs, window);
  const more = { ...window, output_padding: wide(output_padding) };
  return op.graph.node("ConvTranspose", inputs, more);
};

const conv3x3: Converter = (op) =>
  op.graph.node("Conv", op.present("input", "weight", "bias"), { pads: [1, 1, 1, 1] });

const taken =
  (name: string): Converter =>
  (op) =>
    op.graph.node(name, [op.value("self"), op.value("index")], { axis: op.axis() });

const attention: Converter = (op) => {
  if (op.plain<boolean>("is_causal", false)) throw op.refused("it is causal");
  if (op.number("dropout_p", 0) !== 0) throw op.refused("it drops out");
  const { graph, type } = op;
  const width = op.fixed("query", op.shape("query").length - 1)[0] as number;
  const scale = op.number("scale", 1 / Math.sqrt(width));
  const perm = op
    .shape("key")
    .map((_, i, all) => (i < all.length - 2 ? i : 2 * all.length - 3 - i));
  const keys = graph.node("Transpose", [op.value("key")], { perm });
  const query = graph.node("Mul", [op.value("query"), graph.numbers(type, scale)]);
  let scores = graph.node("MatMul", [query, keys]);
  if (op.has("attn_mask")) scores = graph.node("Add", [scores, op.value("attn_mask", type)]);
  const weights = graph.node("Softmax", [scores], { axis: -1 });
  return [graph.node("MatMul", [weights, op.value("value")])];
};

const inverse: Converter = (op) => {
  if (!op.facts.symmetric) throw op.refused("ONNX has no inverse of a matrix");
  const { graph } = op;
  const shape = op.shape("A");
  const [d] = op.fixed("A", shape.length - 1) as [number];
  const one = Array.from({ length: d * d }, (_, i) => Number(i % (d + 1) === 0));
  const identity = graph.numbers("float64", one, [d, d]);
  const start = graph.node("Cast", [op.value("A")], { to: onnxTypes.float64 });
  const count = graph.numbers("int64", d);
  const body = sweep(graph, identity, d);
  const swept = graph.node("Loop", [count, "", start], { body });
  return [graph.node("Cast", [swept], { to: onnxTypes[op.type] }), null];
};

function sweep(outer: GraphBuilder, identity: string, d: number): Graph {
  const [k, go, matrix] = ["k", "go", "matrix"].map((name) => outer.name(name)) as [
    ...[string, string, string],
  ];
  const graph = new GraphBuilder(matrix, outer);
  const at = (value: string, axis: number) => graph.node("Gather", [value, k], { axis });
  const last = graph.ints([-1]);
  const unit = at(identity, 0);
  const row = graph.node("Unsqueeze", [at(matrix, -2), graph.ints([-2])]);
  const column = graph.node("Unsqueeze", [at(matrix, -1), last]);
  const pivot = graph.node("Unsqueeze", [at(row, -1), last]);
  const left = graph.node("Sub", [column, graph.node("Unsqueeze", [unit, last])]);
  const right = graph.node("Div", [graph.node("Add", [row, unit]), pivot]);
  const next = graph.node("Sub", [matrix, graph.node("MatMul", [left, right])]);
  return graph.build(
    "inverse",
    [
      { name: k, type: "int64", shape: [] },
      { name: go, type: "bool", shape: [] },
      { name: matrix, type: "float64", shape: ["rows", d, d] },
    ],
    [
      { name: outer.name("go"), type: "bool", shape: [], value: go },
      { name: outer.name("matrix"), type: "float64", shape: ["rows", d, d], value: next },
    ],
  );
}

export const products: Readonly<Record<string, Converter>> = {
  mm: product("self", "mat2"),
  bmm: product("self", "mat2"),
  mv: product("self", "vec"),
  addmm,
  baddbmm: summed("batch1", "batch2"),
  addmv: summed("mat", "vec"),
  convolution,
  _conv3x3: conv3x3,
  _scaled_dot_product_flash_attention_for_cpu: attention,
  _scaled_dot_product_attention_math: attention,
  linalg_inv_ex: inverse,
  embedding: (op) => op.graph.node("Gather", [op.value("weight"), op.value("indices")]),
  index_select: taken("Gather"),
  gather: taken("GatherElements"),
};
