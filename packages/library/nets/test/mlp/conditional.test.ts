// The conditional network of vectors: its formula, its options, and training.

import * as T from "@dsbm/torch";
import { beforeEach } from "vitest";
import { it } from "../../../../../test/support/in-scope.js";
import { refuses } from "../../../../../test/support/networks.js";
import { generatorOf } from "../../../../../test/support/numbers.js";
import { ConditionalMLP, type ConditionalMLPOptions } from "../../src/mlp/conditional.js";

beforeEach(() => T.setNumThreads(1));

const makeNetwork = (changes: Partial<ConditionalMLPOptions> = {}) =>
  new ConditionalMLP({ x_dim: 3, y_dim: 2, ...changes }, { generator: generatorOf(1) });

it("refuses inputs that do not fit", () => {
  using net = makeNetwork();
  using alone = makeNetwork({ y_dim: 0 });
  const [x, t, cond] = [[4, 3], [4], [4, 2]].map((shape) => T.zeros(shape));
  refuses(() => net.forward(cond, t, { cond }), /x has shape \[4,2\]; .* \[B, 3\]/);
  refuses(() => net.forward(x, t), /cond is missing; expected \[4, 2\], since y_dim is 2/);
  refuses(() => net.forward(x, t, { cond: x }), /cond has shape \[4,3\]; expected \[4, 2\]/);
  refuses(() => alone.forward(x, t, { cond }), /cond has shape \[4,2\]; expected none/);
  refuses(() => net.forward(x, t, { cond, y: t }), /takes no classes/);
});
