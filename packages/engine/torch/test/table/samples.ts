// Sample arguments for every entry of ops.allow: from the names and types of the schema, or from a
// line here if the operation wants others.
import { parse } from "../../../../../scripts/fuzz/schema.mjs";
import * as T from "../../src/index.js";

/** An argument of a schema. */
interface Argument {
  name: string;
  type: string;
  optional: boolean;
}

/** An entry of the table with its schema and what is passed to it. */
export interface Entry {
  name: string;
  overload: string;
  args: Argument[];
  sample: () => unknown[];
}

const x = (...shape: number[]) => T.rand(shape).mul(0.8).add(0.1);
const counts = (...shape: number[]) => T.randint(0, 3, shape);
const places = (...values: number[]) => T.tensor(values.map(BigInt));
const mask = (...shape: number[]) => T.randint(0, 2, shape).to("bool");
const square = () => x(3, 3).add(T.eye(3).mul(2));
const positive = () => {
  const a = x(3, 3);
  return a.matmul(a.t()).add(T.eye(3));
};
const image = () => x(1, 2, 4, 4);
const lists = (n: number) => Array.from({ length: n }, () => [x(2, 3), x(3)]);

/** Samples and the operations that take them, by the name with its overload or by the name alone. */
const samples: [names: string, sample: () => unknown[]][] = [
  ["_foreach_add_ _foreach_copy_", () => lists(2)],
  ["_foreach_add_.Scalar", () => [...lists(1), 2]],
  ["_foreach_addcdiv_.Scalar _foreach_addcmul_.Scalar", () => [...lists(3), 2]],
  ["_foreach_lerp_.List", () => lists(3)],
  ["_foreach_lerp_.Scalar", () => [...lists(2), 0.5]],
  ["_foreach_mul_.Tensor", () => [...lists(1), T.tensor(2)]],
  ["adaptive_avg_pool2d avg_pool2d max_pool2d", () => [image(), [2, 2]]],
  ["addbmm", () => [x(3, 4), x(2, 3, 5), x(2, 5, 4)]],
  ["addmm addmm_", () => [x(3, 4), x(3, 5), x(5, 4)]],
  ["addmv", () => [x(3), x(3, 4), x(4)]],
  ["addr", () => [x(3, 4), x(3), x(4)]],
  ["avg_pool1d", () => [x(1, 2, 4), [2]]],
  ["baddbmm", () => [x(2, 3, 4), x(2, 3, 5), x(2, 5, 4)]],
  ["batch_norm", () => [x(3, 2, 4), x(2), x(2), x(2), x(2), false, 0.1, 1e-5, false]],
  ["bernoulli diag_embed fft_irfft fft_irfft2 glu linalg_norm unbind.int", () => [x(3, 4)]],
  ["bilinear", () => [x(3, 2), x(3, 4), x(5, 2, 4), x(5)]],
  ["bincount unique_consecutive", () => [counts(6)]],
  [
    "bitwise_and.Scalar bitwise_and_.Scalar bitwise_or.Scalar bitwise_xor.Scalar isin.Tensor_Scalar",
    () => [counts(3, 4), 1],
  ],
  ["bitwise_and bitwise_and_ bitwise_or bitwise_xor", () => [counts(3, 4), counts(3, 4)]],
  ["bitwise_not", () => [counts(3, 4)]],
  ["block_diag", () => [[x(2, 2), x(1, 3)]]],
  ["bmm", () => [x(2, 3, 5), x(2, 5, 4)]],
  ["broadcast_tensors", () => [[x(3, 1), x(4)]]],
  ["broadcast_to expand", () => [x(3, 1), [3, 4]]],
  ["bucketize", () => [x(3, 4), T.tensor([0.2, 0.5, 0.7])]],
  ["cartesian_prod", () => [[x(3), x(2)]]],
  ["chunk fill_.Scalar full_like kthvalue", () => [x(3, 4), 2]],
  ["clamp clamp_", () => [x(3, 4), 0.3, 0.6]],
  [
    "clamp.Tensor cosine_similarity kl_div pairwise_distance pow.Tensor_Tensor",
    () => [x(3, 4), x(3, 4)],
  ],
  ["column_stack", () => [[x(3), x(3, 2)]]],
  ["conv1d", () => [x(1, 2, 5), x(3, 2, 3)]],
  ["conv2d", () => [image(), x(3, 2, 3, 3)]],
  ["conv3d", () => [x(1, 2, 3, 3, 3), x(3, 2, 2, 2, 2)]],
  ["conv_transpose1d", () => [x(1, 2, 5), x(2, 3, 3)]],
  ["conv_transpose2d", () => [image(), x(2, 3, 3, 3)]],
  ["cross", () => [x(2, 3), x(2, 3)]],
  ["cross_entropy_loss nll_loss", () => [x(3, 4), places(0, 3, 1)]],
  ["dot vdot", () => [x(4), x(4)]],
  ["dropout", () => [x(3, 4), 0.5, true]],
  ["einsum", () => ["ij,jk->ik", [x(3, 4), x(4, 2)]]],
  ["embedding", () => [x(5, 3), places(0, 4, 2)]],
  ["expand_as", () => [x(3, 1), x(3, 4)]],
  ["fill_.Tensor", () => [x(3, 4), T.tensor(2)]],
  ["flatten", () => [x(2, 3, 4)]],
  ["flip", () => [x(3, 4), [1]]],
  ["gather", () => [x(3, 4), 1, places(0, 3, 1).view([3, 1])]],
  ["group_norm", () => [x(2, 4, 3), 2, x(4), x(4)]],
  ["index.Tensor", () => [x(3, 4), [places(0, 2), null]]],
  ["index_add index_add_ index_copy_", () => [x(3, 4), 0, places(0, 2), x(2, 4)]],
  ["index_fill_", () => [x(3, 4), 0, places(0, 2), 2]],
  ["index_put_", () => [x(3, 4), [places(0, 2)], x(2, 4)]],
  ["index_select", () => [x(3, 4), 1, places(0, 2)]],
  ["inner", () => [x(3, 4), x(2, 4)]],
  ["instance_norm", () => [x(2, 3, 4), x(3), x(3), null, null, true, 0.1, 1e-5, false]],
  ["isin", () => [counts(3, 4), counts(2)]],
  ["layer_norm", () => [x(3, 4), [4], x(4), x(4)]],
  ["linalg_cholesky linalg_eigh linalg_eigvalsh", () => [positive()]],
  ["linalg_multi_dot", () => [[x(2, 3), x(3, 4), x(4, 2)]]],
  ["linalg_solve", () => [square(), x(3, 2)]],
  ["linalg_solve_triangular", () => [square(), x(3, 2), true]],
  ["linear", () => [x(3, 4), x(2, 4), x(2)]],
  ["masked_fill masked_fill_", () => [x(3, 4), mask(3, 4), T.tensor(2)]],
  ["masked_fill.Scalar masked_fill_.Scalar", () => [x(3, 4), mask(3, 4), 2]],
  ["masked_select", () => [x(3, 4), mask(3, 4)]],
  ["matmul mm", () => [x(3, 4), x(4, 2)]],
  ["meshgrid", () => [[x(3), x(2)], "ij"]],
  ["movedim", () => [x(2, 3, 4), 0, 2]],
  ["mv trapezoid.x", () => [x(3, 4), x(4)]],
  ["narrow", () => [x(3, 4), 1, 1, 2]],
  ["multinomial", () => [x(3, 4), 2, true]],
  ["one_hot", () => [counts(4), 3]],
  ["outer", () => [x(3), x(4)]],
  ["pad", () => [x(3, 4), [1, 1]]],
  ["permute", () => [x(2, 3, 4), [2, 0, 1]]],
  ["pow.Scalar", () => [2, x(3, 4)]],
  ["quantile", () => [x(3, 4), T.tensor([0.2, 0.5])]],
  ["quantile.scalar", () => [x(3, 4), 0.5]],
  ["repeat", () => [x(3, 4), [2, 1]]],
  ["repeat_interleave.self_int", () => [x(4), 2]],
  ["reshape view", () => [x(3, 4), [2, 6]]],
  ["roll", () => [x(3, 4), [1], [0]]],
  ["scaled_dot_product_attention", () => [x(1, 2, 3, 4), x(1, 2, 3, 4), x(1, 2, 3, 4)]],
  ["scatter scatter_ scatter_add", () => [x(3, 4), 1, places(0, 3, 1).view([3, 1]), x(3, 1)]],
  ["scatter.value scatter_.value", () => [x(3, 4), 1, places(0, 3, 1).view([3, 1]), 2]],
  ["searchsorted", () => [T.tensor([0.2, 0.5, 0.7]), x(3, 4)]],
  ["split", () => [x(4, 3), 2]],
  ["split_with_sizes", () => [x(4, 3), [1, 3]]],
  ["squeeze", () => [x(3, 1, 4)]],
  ["squeeze.dim", () => [x(3, 1, 4), 1]],
  ["swapaxes transpose", () => [x(3, 4), 0, 1]],
  ["take", () => [x(3, 4), places(0, 11, 5)]],
  ["take_along_dim", () => [x(3, 4), places(0, 3, 1).view([3, 1]), 1]],
  ["tensordot", () => [x(3, 4), x(4, 2), [1], [0]]],
  ["tile", () => [x(3, 4), [2]]],
  ["unfold", () => [x(3, 4), 1, 2, 1]],
  ["upsample_bicubic2d upsample_bilinear2d", () => [image(), [6, 6], false]],
  ["upsample_nearest1d", () => [x(1, 2, 4), [6]]],
  ["upsample_nearest2d", () => [image(), [6, 6]]],
  ["view.dtype", () => [x(3, 4), "int32"]],
  ["view_as", () => [x(3, 4), x(2, 6)]],
  ["view_as_complex", () => [x(3, 2)]],
  ["where", () => [mask(3, 4), x(3, 4), x(3, 4)]],
  ["where.Scalar", () => [mask(3, 4), 1, 2]],
  ["where.ScalarOther", () => [mask(3, 4), x(3, 4), 2]],
  ["where.ScalarSelf", () => [mask(3, 4), 2, x(3, 4)]],
];
const ownSamples = new Map(
  samples.flatMap(([names, sample]) => names.split(" ").map((name) => [name, sample])),
);
const squares = /^(linalg_(det|inv|inv_ex|slogdet)|logdet|matrix_exp|trace|cov)$/;
const fftOfComplex = /^(view_as_real|imag|real)$/;

/** An argument by its name and type. */
function guess({ name, type, optional }: Argument, operation: string) {
  const plain = type.replace(/\([^)]*\)/g, "");
  if (optional) return undefined;
  if (plain === "Tensor") return squares.test(operation) ? square() : x(3, 4);
  if (plain === "Tensor[]") return [x(3, 4), x(3, 4)];
  if (/^(dim|dim0|axis0)$/.test(name)) return plain.includes("[") ? [1] : 1;
  if (plain === "Scalar" || plain === "float") return name === "q" ? 0.5 : 2;
  if (plain === "int" || plain === "SymInt") return 2;
  if (plain.startsWith("SymInt[") || plain.startsWith("int[")) return [2, 3];
  if (plain === "bool") return false;
  throw new Error(`no sample for ${operation}: argument ${name} of type ${type}`);
}

/** Every entry of the table, with fresh sample arguments at each call of `sample`. */
export function entries(): Entry[] {
  return Object.entries(T.callable).flatMap(([full, overloads]) => {
    const schemas = T.schemas(full).map(parse) as {
      name: string;
      overload: string;
      args: Argument[];
    }[];
    // The portable engine has not all.
    const present = overloads.filter((overload) => schemas.some((s) => s.overload === overload));
    return present.map((overload) => {
      const short = full.slice("aten::".length);
      const args = schemas.find((s) => s.overload === overload)?.args ?? [];
      const made = ownSamples.get(`${short}.${overload}`) ?? ownSamples.get(short);
      const sample = () => {
        if (fftOfComplex.test(short)) return [T.call("aten::view_as_complex", "", x(3, 2))];
        return made ? made() : args.map((a) => guess(a, short));
      };
      return { name: full, overload, args, sample };
    });
  });
}
