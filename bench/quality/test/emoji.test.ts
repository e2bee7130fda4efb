// The benchmark of emoji: shares of partners, and its page.
import { Generator, rand, tensor, tidy } from "@dsbm/torch";
import { expect, it } from "vitest";
import { emojiDocument } from "../src/emoji/document.js";
import { emojiFigure } from "../src/emoji/figure.js";
import { trainingNames } from "../src/emoji/images.js";
import { nearestPartners, plannedPartners } from "../src/emoji/partners.js";
import { type EmojiResult, emojiCases } from "../src/emoji/study.js";

it("partners of the same images are found, and partners in another order are not", () => {
  tidy(() => {
    const x = rand([6, 3, 4, 4], { generator: Generator.create(1) });
    const shifted = x.add(0.01);
    expect([nearestPartners(shifted, x), plannedPartners(shifted, x)]).toEqual([1, 1]);
    const swapped = x.indexSelect(0, tensor(BigInt64Array.of(1n, 0n, 2n, 3n, 4n, 5n)));
    expect(nearestPartners(swapped, x)).toBeCloseTo(4 / 6, 9);
    expect(plannedPartners(swapped, x)).toBeCloseTo(4 / 6, 9);
  });
});

it("a plan of transport finds partners that are nobody's nearest image", () => {
  tidy(() => {
    const x = tensor([0, 1, 2]).reshape([3, 1]);
    const y = tensor([0.9, 1.9, 2.9]).reshape([3, 1]);
    expect(nearestPartners(x, y)).toBeCloseTo(1 / 3, 9);
    expect(plannedPartners(x, y)).toBe(1);
  });
});

it.each([0, 0.05, 1])(
  "a share %d of the training images of each style has its partner",
  (known) => {
    const names = Array.from({ length: 200 }, (_, i) => `${i}.png`);
    const { google, twitter } = trainingNames(names, known);
    expect([google.length, twitter.length, new Set(twitter).size]).toEqual([100, 100, 100]);
    expect(twitter.filter((name) => google.includes(name))).toHaveLength(100 * known);
  },
);

it("the page has a row for each fit with means over its seeds, and bounds without a bridge", async () => {
  const result = (seed: number, value: number): EmojiResult => ({
    seed,
    seconds: 240,
    steps: 1000,
    c2st: { value, floor: 0.5, ceiling: 0.8 },
    partners: { generated: value / 2, untouched: 0.33, planned: 0.49 },
    reconstruction: null,
    verdict: "partial",
  });
  const [study] = emojiCases(true);
  if (!study) throw new Error("no case");
  const rows = [{ study, results: [result(1, 0.6), result(2, 0.7)] }];
  const page = emojiDocument(rows, "COMMAND");
  expect(page).toContain(
    "| latent maps, 32 pixels | 8 | 1, 2 | 65.0 % | 32.5 % | – | 1000 | 240 | partial, partial |",
  );
  expect(page).toContain("| _untouched images of Google_ |  |  | 80.0 % | 33.0 % |");
  expect(page).toContain("Written by `COMMAND`");
  const svg = await emojiFigure(rows);
  for (const word of ["dsbm fit", "plan of transport in pixels", "latent maps, 32 pixels"])
    expect(svg).toContain(`>${word}<`);
});
