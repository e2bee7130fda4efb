import { call } from "../binding/dispatch.js";
import { tidy } from "../binding/handle.js";
import { noGrad } from "../tensor/grad.js";
import { cat } from "../tensor/ops.generated.js";
import type { Tensor } from "../tensor/tensor.js";
import type { ProcessGroup } from "./group.js";

/**
 * Replaces tensors of any shapes, one dtype and one device by their means over the ranks, in one message.
 * @throws {TorchError}
 */
export function averageAll(group: ProcessGroup, tensors: readonly Tensor[]): void {
  const averaged = () => {
    const flat = cat(tensors.map((t) => t.reshape([-1]))).div_(group.worldSize);
    group.allReduce(flat);
    const sizes = tensors.map(({ numel }) => numel);
    const parts = call("aten::split_with_sizes", "", flat, sizes) as Tensor[];
    const means = parts.map((part, i) => part.view(tensors[i].shape));
    call("aten::_foreach_copy_", "", [...tensors], means);
  };
  group.run("average of gradients", () => tidy(() => noGrad(averaged)));
}
