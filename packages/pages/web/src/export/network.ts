import { WebBridgeError } from "../bridge/bridge.js";
import type { Network } from "../bridge/create.js";
import type { GivenRows } from "./conditions.js";
import type { BridgeDescription } from "./description.js";
import type { Runtime, RuntimeTensor, Session } from "./runtime.js";

export function networkOf(
  { Tensor }: Runtime,
  session: Session,
  {
    output,
    direction,
    bridge,
  }: {
    output: string;
    direction: number | null;
    bridge: Pick<BridgeDescription, "inputs" | "state">;
  },
): Network {
  return async (x, { n, time, interval, conditions }) => {
    const given = (conditions ?? {}) as GivenRows;
    const all = (value: number) => new Tensor("float32", new Float32Array(n).fill(value), [n]);
    const { data: cond = new Float32Array(), shape = [0] } = given.cond ?? {};
    const type =
      cond instanceof Float32Array ? "float32" : cond instanceof Float64Array ? "float64" : "int64";
    const inputs: Record<string, () => RuntimeTensor> = {
      x: () => new Tensor("float32", x, [n, ...bridge.state.shape]),
      t: () => all(time),
      direction: () => all(direction ?? 0),
      cond: () => new Tensor(type, cond, shape),
      y: () => new Tensor("int64", given.y ?? new BigInt64Array(), [n]),
      interval: () => new Tensor("int64", new BigInt64Array(n).fill(BigInt(interval)), [n]),
    };
    const feeds = Object.fromEntries(bridge.inputs.map((name) => [name, inputs[name]?.()]));
    const result = (await session.run(feeds, [output]))[output];
    for (const tensor of Object.values(feeds)) tensor.dispose();
    const data = await result?.getData(true);
    if (!(data instanceof Float32Array) || data.length !== x.length)
      throw new WebBridgeError(
        `the model gave ${result?.type} [${result?.dims}] for samples of [${n}, ${bridge.state.shape}]; it does not belong to this bridge.json`,
      );
    return data;
  };
}
