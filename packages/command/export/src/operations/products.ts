import type { Converter } from "../operation.js";

const product =
  (a: string, b: string): Converter =>
  (op) =>
    op.graph.node("MatMul", [op.value(a), op.value(b)]);

const baddbmm: Converter = (op) => {
  const all = op.times(product("batch1", "batch2")(op) as string, op.number("alpha", 1));
  return op.graph.node("Add", [op.times(op.value("self"), op.number("beta", 1)), all]);
};

const addmm: Converter = (op) => {
  const { graph } = op;
  const matrix = op.value("mat2");
  const maker = graph.maker(matrix);
  const isTransposed = maker?.op === "Transpose" && `${maker.attributes.perm}` === "1,0";
  const weight = isTransposed ? maker.inputs[0] : matrix;
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
  ].map((name) => op.numbers(name));
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

const indexBy =
  (name: string): Converter =>
  (op) =>
    op.graph.node(name, [op.value("self"), op.value("index")], { axis: op.axis() });

const attention: Converter = (op) => {
  if (op.plain<boolean>("is_causal", false)) throw op.refused("it is causal");
  if (op.number("dropout_p", 0) !== 0) throw op.refused("it drops out");
  const { graph, type } = op;
  const width = op.fixed("query", op.shape("query").length - 1)[0];
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

/** Converters of matrix products, convolutions and attention. */
export const products: Readonly<Record<string, Converter>> = {
  mm: product("self", "mat2"),
  bmm: product("self", "mat2"),
  addmm,
  baddbmm,
  convolution,
  _conv3x3: conv3x3,
  _scaled_dot_product_flash_attention_for_cpu: attention,
  _scaled_dot_product_attention_math: attention,
  embedding: (op) => op.graph.node("Gather", [op.value("weight"), op.value("indices")]),
  index_select: indexBy("Gather"),
  gather: indexBy("GatherElements"),
};
