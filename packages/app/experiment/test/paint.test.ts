// Samples as images: images unchanged, fields by their own range, in their own units, with channels
// next to each other.
import { encodeImages } from "@dsbm/bridge";
import type { Datasets, EndpointData } from "@dsbm/datasets";
import { gaussianName } from "@dsbm/datasets";
import { cat, full, randn, setNumThreads, type Tensor, tensor, tidy } from "@dsbm/torch";
import { beforeAll, describe, expect, it } from "vitest";
import { painterOf } from "../src/picture/painter.js";

beforeAll(() => setNumThreads(1));

const end = (name: string, train: Tensor, shown: EndpointData["shown"] = null) =>
  ({ name, train, shown }) as EndpointData;
const data = (x0: EndpointData, x1: EndpointData) =>
  ({ x0, x1, projection: null }) as unknown as Datasets;
const bytes = () => full([2, 1, 4, 4], 7, { dtype: "uint8" });
const fields = (low: number, high: number) =>
  tensor([low, high, low, high], { shape: [1, 1, 2, 2] });

describe("images", () => {
  it("are drawn from −1 to 1 and clipped, whatever the data's range is", () =>
    tidy(() => {
      const x = randn([3, 3, 4, 4]);
      const of = data(end("a", bytes()), end("b", bytes()));
      const { images, shape } = painterOf(of, [{ x: x.mul(0.1), side: "x0" }])(x, 0);
      expect(shape).toEqual([3, 3, 4, 4]);
      expect([...images]).toEqual([...encodeImages(x).contiguous().toArray()]);
    }));
});

describe("fields", () => {
  it("range from the least to the greatest value of each channel, the same for all fields", () =>
    tidy(() => {
      const field = (a: [number, number], b: [number, number]) =>
        cat([fields(...a), fields(...b)], { dim: 1 });
      const [x0, x1] = [field([0, 10], [-3, -1]), field([-10, 0], [-2, -2])];
      const of = data(end("a", x0), end("b", x1));
      const painter = painterOf(of, [
        { x: x0, side: "x0" },
        { x: x1, side: "x1" },
      ]);
      const { images, shape } = painter(x0, 0);
      // Two channels of two columns and white between them: 0 is the middle of −10 … 10.
      expect(shape).toEqual([1, 1, 2, 5]);
      expect([...images]).toEqual([128, 255, 255, 0, 255, 128, 255, 255, 0, 255]);
      expect([...painter(x1, 1).images].slice(0, 5)).toEqual([0, 128, 255, 128, 128]);
      // What lies beyond is clipped.
      expect([...painter(x0.mul(100), 0).images].slice(0, 2)).toEqual([128, 255]);
    }));

  it("are drawn in the units of their time, between source and target too", () =>
    tidy(() => {
      const x = fields(0, 1);
      const of = data(
        end("a", x, (rows) => rows.mul(10)),
        end("b", x, (rows) => rows.mul(20)),
      );
      const painter = painterOf(of, [
        { x, side: "x0" },
        { x, side: "x1" },
      ]);
      expect([0, 0.5, 1].map((t) => painter(x, t).images[1])).toEqual([128, 191, 255]);
    }));

  it("have the range of the data if the other end is noise", () =>
    tidy(() => {
      const x = fields(2, 4);
      const of = data(end("a", x), end(gaussianName, fields(0, 0)));
      const painter = painterOf(of, [
        { x: fields(-50, 50), side: "x1" },
        { x, side: "x0" },
      ]);
      expect([...painter(x, 0).images].slice(0, 2)).toEqual([0, 255]);
      // Constant fields are grey.
      const flat = painterOf(of, [{ x: fields(2, 2), side: "x0" }]);
      expect(flat(fields(2, 2), 0).images[0]).toBe(128);
    }));
});
