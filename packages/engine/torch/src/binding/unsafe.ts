export { callUnchecked as call } from "./dispatch.js";
