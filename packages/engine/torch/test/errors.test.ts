// Errors that a program tells apart by their code, not by their text.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "../../../../test/support/scratch.js";
import * as T from "../src/index.js";

const folder = scratch();
const missing = join(folder, "missing.safetensors");
const broken = join(folder, "broken.safetensors");
mkdirSync(folder, { recursive: true });
writeFileSync(broken, "no tensors");

const disposedTensor = () => {
  const t = T.ones([2]);
  t.dispose();
  return t;
};
const net = (outputs: number) => new T.nn.Linear(3, outputs);

const causes: [cause: string, code: T.CallCode | T.FormatCode, act: () => unknown][] = [
  ["a file that is missing", "Missing", () => T.io.loadTensors(missing)],
  ["a checkpoint that is missing", "Missing", () => T.io.loadPt(missing)],
  ["a folder instead of a file", "Unreadable", () => T.io.loadTensors(folder)],
  ["a file of another format", "NotThisFormat", () => T.io.loadPt(broken)],
  ["shapes of a product", "ERR_TORCH_SHAPE", () => T.ones([2, 3]).mm(T.ones([2, 3]))],
  ["shapes of a sum", "ERR_TORCH_SHAPE", () => T.ones([2]).add(T.ones([3]))],
  ["a number of elements", "ERR_TORCH_SHAPE", () => T.ones([2, 3]).view([4])],
  [
    "channels of a convolution",
    "ERR_TORCH_SHAPE",
    () => new T.nn.Conv2d(3, 2, 1).forward(T.ones([1, 4, 8, 8])),
  ],
  ["nested arrays of different lengths", "ERR_TORCH_SHAPE", () => T.tensor([[1, 2], [3]])],
  ["shapes of a state", "ERR_TORCH_SHAPE", () => net(2).loadStateDict(net(4).stateDict())],
  ["names of a state", "ERR_TORCH_VALUE", () => net(2).loadStateDict(new Map())],
  ["a dimension beyond the last", "ERR_TORCH_INDEX", () => T.ones([2]).sum(3)],
  ["an index beyond the end", "ERR_TORCH_INDEX", () => T.ones([2]).select(0, 5)],
  ["the size of a missing dimension", "ERR_TORCH_INDEX", () => T.ones([2]).size(1)],
  ["a tensor that was disposed of", "ERR_TORCH_DISPOSED", () => disposedTensor().add(1)],
  [
    "a disposed tensor in a list",
    "ERR_TORCH_DISPOSED",
    () => T.cat([T.ones([2]), disposedTensor()]),
  ],
  [
    "an unknown option",
    "ERR_TORCH_OPTION",
    () => Reflect.apply(T.Tensor.prototype.std, T.ones([2]), [{ dims: 0 }]),
  ],
  [
    "a learning rate of NaN",
    "ERR_TORCH_OPTION",
    () => new T.optim.Adam(net(2).parameters(), { lr: Number.NaN }),
  ],
  ["a rate of an average", "ERR_TORCH_OPTION", () => new T.optim.EMA(net(2), 1)],
  ["a probability above 1", "ERR_TORCH_OPTION", () => new T.nn.Dropout(2)],
  ["groups that divide no channels", "ERR_TORCH_OPTION", () => new T.nn.GroupNorm(3, 4)],
  ["no threads", "ERR_TORCH_OPTION", () => T.setNumThreads(0)],
  [
    "a string instead of a tensor",
    "ERR_TORCH_TYPE",
    () => Reflect.apply(T.Tensor.prototype.matmul, T.ones([2]), ["x"]),
  ],
  [
    "an operation without a kernel",
    "ERR_TORCH_NOT_IMPLEMENTED",
    () => T.ones([2, 2], { dtype: "bool" }).softmax(0),
  ],
  ["an unknown operation", "ERR_TORCH_MISSING_OP", () => T.call("aten::no_such", "")],
  [
    "an operation outside the table",
    "ERR_TORCH_UNSAFE",
    () => T.call("aten::resize_", "", T.ones([1]), [2]),
  ],
];

describe("an error's code", () => {
  it.each(causes)("tells %s: %s", (_, code, act) => {
    expect(act).toThrow(T.TorchError);
    expect(act).toThrow(expect.objectContaining({ code }));
    try {
      act();
    } catch (error) {
      expect((error as Error).message).not.toContain("\n");
    }
  });
});
