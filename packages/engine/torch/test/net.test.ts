// The net below the scopes: the collector knows what a tensor weighs and frees it inside a synchronous loop.
import { beforeEach, describe, expect, it } from "vitest";
import { collectGarbage } from "../../../../test/support/collect.js";
import * as T from "../src/index.js";

// Live tensors are counted.
beforeEach(collectGarbage);

T.setNumThreads(1);
const rss = () => process.memoryUsage().rss / 2 ** 20;

describe("operations", () => {
  it("outside of scopes stay bounded in one synchronous loop", () => {
    const before = { rss: rss(), live: T.memory().live };
    const x = T.ones([256]);
    let most = 0;
    for (let i = 0; i < 150_000; i++) {
      x.mul(2);
      if (i % 1000 === 0) most = Math.max(most, T.memory().live - before.live);
    }
    expect(most).toBeLessThan(120_000);
    expect(rss() - before.rss).toBeLessThan(400);
  });

  it("of 1 MiB each outside of scopes are freed while a loop runs", () => {
    const before = rss();
    const start = T.memory({ resetPeak: true }).current;
    const x = T.ones([2 ** 18]);
    for (let i = 0; i < 1500; i++) x.relu();
    expect(rss() - before).toBeLessThan(700); // 1,500 MiB without the net
    expect((T.memory().peak - start) / 2 ** 20).toBeLessThan(600);
  });
});
