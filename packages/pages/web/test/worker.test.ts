// A bridge on the other side of a channel, as a page has it from its worker.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bridge, createBridge, WebBridgeError } from "../src/index.js";
import { connectBridge, serveBridge } from "../src/worker/index.js";

const { port1, port2 } = new MessageChannel();
const ownBridge = createBridge({ shape: [1], networks: { f: (x) => x.map((v) => -v) }, times: 20 });
let bridge: Bridge;

beforeAll(async () => {
  serveBridge(async ({ source }) => {
    if (source !== "there") throw new WebBridgeError(`${source} is no export`);
    return ownBridge;
  }, port2);
  const worker = Object.assign(port1, { terminate: () => port1.close(), onerror: null });
  await expect(connectBridge(worker as never, { source: "elsewhere" })).rejects.toThrow(
    WebBridgeError,
  );
  bridge = await connectBridge(worker as never, { source: "there" });
});
afterAll(() => bridge.dispose());

describe("a bridge in a worker", () => {
  it("samples like the bridge itself, state by state", async () => {
    expect(bridge.info).toEqual(ownBridge.info);
    const seen: number[] = [];
    const found = await bridge.sample([[1], [2]], { seed: 3, onStep: ({ k }) => seen.push(k) });
    expect(found).toEqual(await ownBridge.sample([[1], [2]], { seed: 3 }));
    expect(seen).toEqual(Array.from({ length: 21 }, (_, k) => k));
  });

  it("passes errors on, and ends when it is aborted", async () => {
    await expect(bridge.sample([[1, 2]])).rejects.toThrow(/row 0 has 2 numbers/);
    const controller = new AbortController();
    const onStep = ({ k }: { k: number }) => k === 2 && controller.abort();
    const run = bridge.sample([[1]], { steps: 100_000, onStep, signal: controller.signal });
    await expect(run).rejects.toThrow(/abort/);
  });
});
