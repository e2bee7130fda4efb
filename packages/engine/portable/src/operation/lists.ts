// Operations on many tensors in one call, for optimisers and averages.
import type { ScalarNumber } from "../dtype.js";
import { check } from "../errors.js";
import { define, run } from "../operation.js";
import type { TensorImpl, TensorList } from "../tensor.js";

/** Applies an operation in place to each tensor, with its partners in the other lists. */
function applyToEach(
  name: string,
  first: TensorList,
  rest: readonly (TensorList | TensorImpl | ScalarNumber)[],
): void {
  for (const list of rest)
    if (Array.isArray(list))
      check(
        list.length === first.length,
        () =>
          `Tensor lists must have the same number of tensors, got ${first.length} and ${list.length}`,
      );
  first.forEach((t, i) => {
    run(name, t, ...rest.map((list) => (Array.isArray(list) ? list[i] : list)));
  });
}

const lists: readonly [schema: string, name: string][] = [
  ["_foreach_add_.List(Tensor(a!)[] self, Tensor[] other, *, Scalar alpha=1) -> ()", "add_.Tensor"],
  ["_foreach_add_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()", "add_.Scalar"],
  [
    "_foreach_addcdiv_.Scalar(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> ()",
    "addcdiv_",
  ],
  [
    "_foreach_addcmul_.Scalar(Tensor(a!)[] self, Tensor[] tensor1, Tensor[] tensor2, Scalar value=1) -> ()",
    "addcmul_",
  ],
  ["_foreach_copy_(Tensor(a!)[] self, Tensor[] src, bool non_blocking=False) -> ()", "copy_"],
  ["_foreach_div_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()", "div_.Scalar"],
  [
    "_foreach_lerp_.List(Tensor(a!)[] self, Tensor[] tensors1, Tensor[] weights) -> ()",
    "lerp_.Tensor",
  ],
  [
    "_foreach_lerp_.Scalar(Tensor(a!)[] self, Tensor[] tensors1, Scalar weight) -> ()",
    "lerp_.Scalar",
  ],
  ["_foreach_mul_.Scalar(Tensor(a!)[] self, Scalar scalar) -> ()", "mul_.Scalar"],
  ["_foreach_mul_.Tensor(Tensor(a!)[] self, Tensor other) -> ()", "mul_.Tensor"],
  ["_foreach_zero_(Tensor(a!)[] self) -> ()", "zero_"],
];
for (const [schema, name] of lists)
  define(`aten::${schema}`, (first: TensorList, ...rest) => {
    applyToEach(name, first, rest);
    return undefined;
  });

define(
  "aten::_foreach_norm.Scalar(Tensor[] self, Scalar ord=2, ScalarType? dtype=None) -> Tensor[]",
  (list: TensorList, ord, dtype) =>
    list.map((t) => run("linalg_vector_norm", t, ord, null, false, dtype)),
);
define("aten::_foreach_sqrt(Tensor[] self) -> Tensor[]", (list: TensorList) =>
  list.map((t) => run("sqrt", t)),
);
