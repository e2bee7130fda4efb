// The prediction of a network for the rows of a step, and one line where it was built for samples of another shape.
import { argumentError, type Direction, type Field } from "@dsbm/bridge";
import { type Tensor, TorchError } from "@dsbm/torch";

/** Codes of errors that say nothing of a network's shape. */
const others = ["ERR_TORCH_MEMORY", "ERR_TORCH_RECORDING", "ERR_TORCH_DISPOSED"];

/** What `output` gives for x [B, …] and t [B]. Throws a BridgeError for a network of samples of another shape. */
export function predict(output: Field, x: Tensor, t: Tensor, direction: Direction): Tensor {
  const unfit = (reason: string) =>
    argumentError(
      `the network of direction ${direction} does not fit samples of shape [${x.shape.slice(1).join(", ")}]: ${reason}; build it for this shape`,
    );
  let y: Tensor;
  try {
    y = output(x, t);
  } catch (error) {
    if (!(error instanceof TorchError) || others.includes(error.code)) throw error;
    throw unfit(error.message);
  }
  if (`${y.shape}` !== `${x.shape}`) throw unfit(`it gives [${y.shape.slice(1).join(", ")}]`);
  return y;
}
