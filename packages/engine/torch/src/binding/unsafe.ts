// Every operation of libtorch, including kernels that trust their arguments.
export { callUnchecked as call } from "./dispatch.js";
