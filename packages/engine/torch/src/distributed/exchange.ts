import { invoke } from "../binding/dispatch.js";
import { invalid } from "../binding/errors.js";
import { isContiguous } from "../io/elements.js";
import { empty } from "../tensor/create.js";
import type { Tensor } from "../tensor/tensor.js";
import { type Collective, type Reduction, reductions } from "./header.js";
import { ops } from "./native.js";

interface Place {
  readonly id: number;
  readonly worldSize: number;
}

/** One collective: its name, the compared tensor, and the exchange of its data. */
export interface Exchange<T> {
  name: Collective;
  detail: Reduction | number;
  compared: Tensor | null;
  begin(): Tensor | null;
  end(written: Tensor | null): T;
}

function checkData(tensor: Tensor, name: string): void {
  const { dtype } = tensor;
  if (dtype === "int16")
    throw invalid(`${name}: dtype int16 is not exchanged between processes; convert it to int32`);
}

function checkReduction(tensor: Tensor, op: Reduction): void {
  const { dtype } = tensor;
  if (!reductions.includes(op))
    throw invalid(`reduction "${op}" is unknown; expected ${reductions.join(", ")}`);
  if (dtype === "bool")
    throw invalid(`reduction "${op}" of a bool tensor: convert it to uint8 or int32 first`);
  if (op === "mean" && !/float/.test(dtype))
    throw invalid(`reduction "mean" of ${dtype}: only floating point has one; use "sum"`);
}

export function reducing<T extends Tensor>(place: Place, tensor: T, op: Reduction): Exchange<T> {
  checkReduction(tensor, op);
  return inPlace(
    tensor,
    "allReduce",
    op,
    (plain) => {
      invoke(ops.allReduce, plain, place.id, op === "mean" ? "sum" : op);
    },
    (plain) => {
      if (op === "mean") plain.div_(place.worldSize);
    },
  );
}

export function broadcasting<T extends Tensor>(place: Place, tensor: T, root: number): Exchange<T> {
  if (!Number.isInteger(root) || root < 0 || root >= place.worldSize)
    throw invalid(`broadcast: root ${root} is no rank; expected 0 to ${place.worldSize - 1}`);
  return inPlace(tensor, "broadcast", root, (plain) => {
    invoke(ops.broadcast, plain, place.id, root);
  });
}

function inPlace<T extends Tensor>(
  tensor: T,
  name: Collective,
  detail: Reduction | number,
  start: (plain: Tensor) => void,
  after: (plain: Tensor) => void = () => {},
): Exchange<T> {
  checkData(tensor, name);
  return {
    name,
    detail,
    compared: tensor,
    begin: () => {
      if (tensor.numel === 0) return null;
      const plain = isContiguous(tensor.shape, tensor.strides) ? tensor : tensor.contiguous();
      start(plain);
      return plain;
    },
    end: (plain) => {
      if (plain) after(plain);
      if (plain && plain !== tensor) {
        tensor.copy_(plain);
        plain.dispose();
      }
      return tensor;
    },
  };
}

export function gathering(place: Place, tensor: Tensor): Exchange<Tensor> {
  checkData(tensor, "allGather");
  const { dtype, device, shape } = tensor;
  return {
    name: "allGather",
    detail: 0,
    compared: tensor,
    begin: () => {
      const all = empty([place.worldSize, ...shape], { dtype, device });
      if (tensor.numel > 0) invoke(ops.allGather, all, tensor.contiguous(), place.id);
      return all;
    },
    end: (all) => all as Tensor,
  };
}
