// A bridge in a worker: `serveBridge` in the worker's script, `connectBridge` in the page.
export { connectBridge } from "./connect.js";
export type { LoadRequest } from "./messages.js";
export { serveBridge } from "./serve.js";
