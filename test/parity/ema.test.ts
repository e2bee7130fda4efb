import { nn, optim } from "@dsbm/torch";
import { it } from "vitest";
import { expectClose, golden, goldenGroup } from "./golden.js";

it("the moving average of weights", () => {
  const g = golden("ema");
  const [out, input] = g("p0/weight").shape;
  const layer = new nn.Linear(input, out);
  layer.loadStateDict(goldenGroup("ema", "p0/"));
  const ema = new optim.EMA(layer, 0.9);
  for (const p of ["p1/", "p2/", "p3/"]) {
    layer.loadStateDict(goldenGroup("ema", p));
    ema.update();
  }
  for (const [name, t] of ema.stateDict()) expectClose(t, g(`ema/${name}`));
});
