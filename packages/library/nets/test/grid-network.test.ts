// Season, static fields and missing cells as inputs of networks of fields.
import { full, type Tensor, tensor } from "@dsbm/torch";
import { expect } from "vitest";
import { it } from "../../../../test/support/in-scope.js";
import { images, shakeWeights, smallNetworks, times } from "../../../../test/support/networks.js";
import { distance, generatorOf } from "../../../../test/support/numbers.js";
import { type FieldInputs, GridNetwork } from "../src/fields/grid-network.js";
import { UNet } from "../src/unet/unet.js";

const area = 64;
const size = [8, 8] as const;
const planes = Float32Array.from({ length: area }, (_, i) => Math.sin(i));
const nothing: FieldInputs = { season: false, planes: new Float32Array(), cells: null, size };

const networkOf = (inputs: Partial<FieldInputs>, numbers = 0) =>
  shakeWeights(
    new GridNetwork({ ...nothing, ...inputs }, (more) => {
      const in_channels = 1 + numbers + more;
      return new UNet({ ...smallNetworks.unet, in_channels }, { generator: generatorOf(1) });
    }),
  ).eval();

const x = images(2);
const t = times(2);
const seasons = (value: number): Tensor => full([2, 1], value);

it("the season changes a field, and the end of a year is its beginning", () => {
  using net = networkOf({ season: true }, 1);
  const [begin, summer, end] = [0, 0.5, 1].map((value) =>
    net.forward(x, t, { cond: seasons(value) }),
  ) as [Tensor, Tensor, Tensor];
  expect(distance(begin, end)).toBeLessThan(1e-5);
  expect(distance(begin, summer)).toBeGreaterThan(1e-3);
});

it("conditions as numbers are channels of one value, next to static fields", () => {
  using net = networkOf({ season: true, planes }, 2);
  const cond = tensor([0.2, 1, 0.7, 1], { shape: [2, 2], dtype: "float32" });
  const asFields = cond.unsqueeze(2).unsqueeze(3).expand([-1, -1, 8, 8]);
  const out = net.forward(x, t, { cond });
  expect(distance(out, net.forward(x, t, { cond: asFields }))).toBeLessThan(1e-6);
  using other = networkOf({ season: true, planes: planes.map((value) => -value) }, 2);
  expect(distance(out, other.forward(x, t, { cond }))).toBeGreaterThan(1e-3);
});

it("cells without values are 0, and their content reaches no other cell", () => {
  const cells = Float32Array.from({ length: area }, (_, i) => Number(i % 8 > 2));
  using net = networkOf({ cells });
  const still = tensor(cells, { shape: [1, 1, 8, 8] }).rsub(1);
  const out = net.forward(x, t);
  expect(distance(out.mul(still), out.mul(0))).toBe(0);
  expect(distance(out, net.forward(x.add(still.mul(99)), t))).toBe(0);
  expect(out.abs().sum().item()).toBeGreaterThan(0.1);
});
