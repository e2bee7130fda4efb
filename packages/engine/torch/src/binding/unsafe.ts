// Every operation of libtorch, those included whose kernels trust their arguments.
export { callUnchecked as call } from "./dispatch.js";
