// The packages' fit for the worker of a page is a bundle (bundle.mjs); its face is @dsbm/web/fit.
export type { CallContext } from "./worker/session.js";
