// `npm run benchmark -- NAME …`: sets up, then runs the benchmarks of quality (bench/quality).
import { setup } from "./setup.mjs";

await setup();
await import("../bench/quality/dist/main.js");
