// The library that our side measures, loaded by `setup`, so that a missing library is an answer and not a crash.
import process from "node:process";

/** The packages of the library; undefined before `loadEngine`. */
export let torch;
export let bridge;

/** Loads the engine, and what training needs if `hasTraining`. */
export async function loadEngine(hasTraining) {
  torch = await import("@dsbm/torch");
  const needed = hasTraining ? ["bridge", "nets", "data", "train"] : [];
  const packages = needed.map((name) => import(`@dsbm/${name}`));
  bridge = Object.assign({}, ...(await Promise.all(packages)));
}

/** The device of both sides. */
export const device = process.env.BENCH_DEVICE ?? "cpu";

/** The tensor or module on the device of both sides. */
export const onDevice = (x) => (device === "cpu" ? x : x.to({ device }));
/** Does the work so often, each time in a scope. */
export const repeatInScope = (work) => (reps) => {
  for (let i = 0; i < reps; i += 1) torch.tidy(work);
};

/** Waits for another device: reads a number. */
export function waitForDevice(x) {
  if (device !== "cpu") x.flatten().narrow(0, 0, 1).item();
}
