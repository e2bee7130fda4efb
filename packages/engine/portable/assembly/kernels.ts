// Kernels of float32, and products of float64, in WebAssembly with SIMD, in AssemblyScript (npm run gen). Addresses and strides are bytes, sizes elements.
// A kernel reads up to 15 bytes behind an operand and writes exactly its result. Sums run in one order.
export { adamStep, averageElements } from "./adam";
export { multiplyDoubles } from "./doubles";
export {
  activateRows,
  combineElements,
  mapElements,
  multiplyPair,
  scaleElements,
} from "./elements";
export { normalBlock } from "./normal";
export { multiplyPanels, packPanels, rowsAtOnce } from "./product";
export { addRows, copyRows, sumElements, sumRows } from "./rows";
export { largestElement, sumExponentials } from "./softmax";
