// The classifier learns what can be learnt, tells its progress, and can be left at any step.
import { Generator, liveTensors, randn, tensor, tidy } from "@dsbm/torch";
import { beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import { Classifier, classify, shareOf, trainClassifier } from "../../src/features/classifier.js";

// Live tensors are counted.
beforeEach(() => collectGarbage());

/** Three clouds in the plane, n points in turns. */
function clouds(n: number, seed: number) {
  const centres = [
    [0, 4],
    [4, -2],
    [-4, -2],
  ];
  const classes = Array.from({ length: n }, (_, i) => i % 3);
  const middle = tensor(classes.map((c) => centres[c]!));
  const x = randn([n, 2], { generator: Generator.create(seed) }).add(middle);
  return { x, labels: tensor(BigInt64Array.from(classes, BigInt)) };
}

const make = (seed = 1) =>
  new Classifier(2, { classes: 3, hidden: [16], generator: Generator.create(seed) });

describe("Classifier", () => {
  it("tells clouds apart that it has not seen", () => {
    const classifier = make();
    const told = [
      ...trainClassifier(classifier, {
        ...clouds(640, 2),
        generator: Generator.create(3),
        epochs: 10,
        batchSize: 64,
        lr: 1e-2,
        every: 25,
      }),
    ];
    expect(told.map(({ step }) => step)).toEqual([25, 50, 75, 100]);
    expect(told.every(({ steps }) => steps === 100)).toBe(true);
    expect(told.at(-1)!.loss).toBeLessThan(0.1);
    const { x, labels } = clouds(300, 4);
    const right = classify(classifier, x).eq(labels).to("float32").mean().item();
    expect(right).toBeGreaterThan(0.97);
    expect(shareOf(classifier, x, 0)).toBeCloseTo(1 / 3, 1);
  });

  it("is the same for the same seeds and takes images", () => {
    const run = () => {
      const classifier = make(7);
      const options = { ...clouds(128, 2), generator: Generator.create(3), batchSize: 32 };
      for (const _ of trainClassifier(classifier, options)) {
        // to the end
      }
      return classifier.forward(tensor([[[1], [2]]])).toNumbers();
    };
    expect(run()).toEqual(run());
  });

  it("leaves nothing behind when it is stopped", () => {
    const classifier = make();
    const data = clouds(128, 2);
    const before = liveTensors();
    tidy(() => {
      const options = { ...data, generator: Generator.create(3), batchSize: 32, every: 1 };
      for (const { step } of trainClassifier(classifier, options)) if (step === 2) break;
    });
    expect(liveTensors()).toBe(before);
  });

  it("refuses labels that do not belong to the samples, and too few samples", () => {
    const { x, labels } = clouds(30, 2);
    const generator = Generator.create(1);
    const wrong = { x, labels: labels.narrow(0, 0, 29), generator, batchSize: 10 };
    expect(() => [...trainClassifier(make(), wrong)]).toThrow(/30 samples with labels \[29\]/);
    expect(() => [...trainClassifier(make(), { x, labels, generator })]).toThrow(/batches of 128/);
  });
});
