export type { DataSet, TableOptions } from "./data-set.js";
export { DatasetError } from "./errors.js";
export { downscalerScalingFile } from "./fields/downscaler.js";
export { loadDownscalerScaling, unscaleFields } from "./fields/downscaler-scaling.js";
export { mapArray } from "./files/array-set.js";
export { firstOf, setting } from "./names.js";
export * from "./pairs/known-rows.js";
export { decodeInOrder } from "./pictures/decode-all.js";
export { pictureFormat } from "./pictures/format.js";
export type { PictureTarget } from "./pictures/picture-decode.js";
export { listPictures } from "./pictures/picture-files.js";
export * from "./registry.js";
export { type ImageClass, type Origin, positionsOf, type Split, type Table } from "./table.js";
export * from "./tables/absent-column.js";
export * from "./tables/bounds.js";
export * from "./tables/clean.js";
export * from "./tables/conditions.js";
export * from "./tables/describe.js";
export type { TableFacts } from "./tables/facts.js";
export { tableGroups } from "./tables/groups.js";
export * from "./tables/in-group.js";
export { openRows, tableFormat } from "./tables/open.js";
export { classLabel } from "./tables/prepare/codes.js";
export type { OwnOptions } from "./tables/prepare/prepare.js";
export type {
  ReadOptions,
  RowRequest,
  RowSource,
} from "./tables/rows.js";
export {
  type ColumnTransform,
  fitTransform,
  RowUnits,
  type Standardise,
  toRows,
  Units,
} from "./tables/units.js";
export * from "./tables/write/formats.js";
export * from "./tables/write/h5ad.js";
export * from "./tables/write/table-writer.js";
export * from "./vectors/projection.js";
export { eightGaussians, gaussianEndpoints, moons } from "./vectors/synthetic.js";
