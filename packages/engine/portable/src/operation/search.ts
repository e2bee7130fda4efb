import { check, fail } from "../errors.js";
import { compose, define, run } from "../operation.js";
import { isSameShape } from "../shape.js";
import { allocate, type TensorImpl } from "../tensor.js";

/** The number of elements of a sorted lane below x (or not above it). */
function search(
  lane: ArrayLike<number>,
  [start, n]: readonly [number, number],
  x: number,
  right: boolean,
): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >> 1;
    const y = lane[start + middle];
    if (right ? !(y > x) : !(y >= x)) low = middle + 1;
    else high = middle;
  }
  return low;
}
define(
  "aten::searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, str? side=None, Tensor? sorter=None) -> Tensor",
  (
    sequence: TensorImpl,
    values: TensorImpl,
    isShort: boolean,
    right: boolean,
    side: string | null,
    sorter,
  ) => {
    if (sorter) fail("ERR_TORCH_NOT_IMPLEMENTED", "searchsorted: a sorter needs libtorch");
    check(
      side === null || side === "left" || side === "right",
      `torch.searchsorted(): side can only be 'left' or 'right' but got ${side}`,
    );
    check(
      sequence.ndim <= 1 || isSameShape(sequence.shape.slice(0, -1), values.shape.slice(0, -1)),
      "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match",
    );
    check(
      sequence.ndim > 0,
      "torch.searchsorted(): input value can be a scalar only when boundaries tensor dimension is 1",
    );
    check(
      sequence.dtype === values.dtype,
      () =>
        `torch.searchsorted(): boundary tensor and input value tensor should have same dtype, but got boundary tensor dtype ${sequence.dtype} and input value tensor dtype ${values.dtype}`,
    );
    const lanes = run("contiguous", sequence);
    const x = run("contiguous", values);
    const out = allocate(values.shape, isShort ? "int32" : "int64");
    const n = sequence.shape.at(-1)!;
    const each = values.shape.at(-1) ?? 1;
    const isRight = right || side === "right";
    for (let i = 0; i < out.count; i++) {
      const lane = sequence.ndim === 1 ? 0 : Math.floor(i / each) * n;
      out.array[i] = search(lanes.array, [lanes.offset + lane, n], x.array[x.offset + i], isRight);
    }
    return out;
  },
);

compose({
  "aten::bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor":
    (t, boundaries, isShort, right) => run("searchsorted.Tensor", boundaries, t, isShort, right),
});

define(
  "aten::one_hot(Tensor self, int num_classes=-1) -> Tensor",
  (classes: TensorImpl, count: number) => {
    check(
      classes.dtype === "int64",
      "one_hot is only applicable to index tensor of type LongTensor.",
    );
    const { array, offset } = run("contiguous", classes);
    const values = Array.from({ length: classes.count }, (_, i) => Number(array[offset + i]));
    check(
      count > 0 || values.length > 0,
      "Can not infer total number of classes from empty tensor.",
    );
    check(
      values.every((value) => value >= 0),
      "Class values must be non-negative.",
    );
    const most = values.reduce((a, b) => Math.max(a, b), -1);
    const width = count === -1 ? most + 1 : count;
    check(most < width, "Class values must be smaller than num_classes.");
    const out = allocate([...classes.shape, width], "int64");
    for (const [i, value] of values.entries()) out.array[i * width + value] = 1;
    return out;
  },
);
