// What a network must share with the reference's: names and shapes of its state dict, its output, and the norm of
// the gradient of every parameter.
import { fileURLToPath } from "node:url";
import { io, type nn, stack, type Tensor, tidy } from "@dsbm/torch";
import { expect, it } from "vitest";
import { expectClose, golden, goldenGroup } from "./golden.js";

const folder = process.env.GOLDEN_DIR ?? fileURLToPath(new URL("golden", import.meta.url));

export interface GoldenNetwork {
  /** The other tensors of the file. */
  g: (key: string) => Tensor;
  params: Map<string, Tensor>;
  /** Options that the file's metadata state, if any. */
  said: object;
}

function open(name: string) {
  const g = golden(name);
  const { metadata } = io.loadTensors(`${folder}/${name}.safetensors`);
  const { model_channels, ...said } = JSON.parse(metadata.options ?? metadata.config ?? "{}");
  return {
    g,
    params: goldenGroup(name, "param/"),
    // The reference's network has another name for the configuration's key.
    said: model_channels === undefined ? said : { ...said, num_channels: model_channels },
    order: JSON.parse(metadata.gradnorm_order) as string[],
  };
}

/** The norm of each parameter's gradient of the mean of y. */
function gradientNorms(net: nn.Module, y: Tensor) {
  y.mean().backward();
  return stack(net.parameters().map((p) => (p.grad as Tensor).norm()));
}

/** The two tests of a golden network, at 1e-5 relative (gradient norms also one by one). */
export function itIsTheReference<N extends nn.Module>(
  name: string,
  make: (file: GoldenNetwork) => N,
  run: (net: N, g: (key: string) => Tensor) => Tensor,
): void {
  it("has the reference's state dict: names in their order, and shapes", () =>
    tidy(() => {
      const { order, ...file } = open(name);
      using net = make(file);
      const shapes = (state: Iterable<[string, Tensor]>) =>
        Object.fromEntries([...state].map(([key, t]) => [key, t.shape]));
      expect(shapes(net.stateDict())).toEqual(shapes(file.params));
      expect(net.namedParameters().map(([key]) => key)).toEqual(order);
    }));

  it("gives the reference's output and gradient norms", () =>
    tidy(() => {
      const { order, ...file } = open(name);
      const { g, params } = file;
      using net = make(file);
      net.loadStateDict(params).eval();
      const [want, weights] = [g("gradnorms"), g("w")];
      const out = run(net, g);
      expectClose(out, g("out"));
      const norms = gradientNorms(net, out.mul(weights));
      // Sums that cancel depend on the order of the processor's kernels, the reference's too: both are compared with
      // float64.
      using double = make(file);
      double.loadStateDict(params).eval().to({ dtype: "float64" });
      const wide = (key: string) => (g(key).dtype === "float32" ? g(key).to("float64") : g(key));
      const exact = gradientNorms(double, run(double, wide).mul(weights));
      expectClose(want, exact);
      expectClose(norms, exact);
      // One by one as well, as near as the reference is.
      const [ours, theirs, truth] = [norms, want, exact].map((all) => all.toNumbers());
      const noise = 1e-7 * Math.max(...truth);
      for (const [i, norm] of truth.entries()) {
        const reference = Math.abs(theirs[i] - norm);
        const error = Math.abs(ours[i] - norm);
        expect(error, order[i]).toBeLessThanOrEqual(1e-5 * norm + noise + 2 * reference);
      }
      double.zeroGrad();
      net.zeroGrad();
    }));
}
