export {
  type ChosenColumns,
  type DataSet,
  type ImageClass,
  type Origin,
  positionsOf,
  type Split,
  type Table,
  type TableOptions,
} from "./data-set.js";
export { DatasetError, firstOf, setting } from "./errors.js";
export { type FieldAxis, isSameAxis, spanText, timesText } from "./fields/cf/axis.js";
export type { FieldChannel, FieldLevel } from "./fields/cf/channels.js";
export type { FieldGrid } from "./fields/cf/grid.js";
export { type UnitConversion, unitConversion } from "./fields/cf/unit.js";
export * from "./fields/coarsen.js";
export { type ChannelUnits, FieldConversion } from "./fields/convert.js";
export {
  downscalerScalingFile,
  loadDownscalerScaling,
  unscaleFields,
} from "./fields/downscaler.js";
export * from "./fields/field-facts.js";
export { fieldsDigest, seasonRows } from "./fields/fields-set.js";
export type { FieldAttributes, FieldFormat } from "./fields/file/field-file.js";
export {
  evenSize,
  type FieldSetOptions,
  inSize,
  missingMarks,
  transformField,
} from "./fields/prepare.js";
export type { FieldRows } from "./fields/read/field-rows.js";
export { fieldsPrefix, openFields } from "./fields/read/open.js";
export { decodeNumbers, type StaticFields } from "./fields/statics.js";
export * from "./fields/write/netcdf4.js";
export { mapArray } from "./files/array-set.js";
export * from "./pairs/known-rows.js";
export {
  decodeInOrder,
  isPictureChannels,
  type PictureTarget,
  pictureFormat,
  readPictures,
} from "./pictures/decode.js";
export { PictureChanges } from "./pictures/picture-changes.js";
export { isPictureName, listPictures, skippedFiles } from "./pictures/picture-files.js";
export { type DatasetRequest, prepareTables } from "./prepare-tables.js";
export * from "./registry.js";
export {
  type CategoryBlock,
  type ColumnCategory,
  categoryBlocks,
  columnsOfFile,
  embedCategories,
  levelPlaces,
  withLevels,
} from "./tables/categories.js";
export * from "./tables/clean.js";
export { type ColumnVariability, largestLogarithm, mostNarrowColumns } from "./tables/counts.js";
export { type DependentColumn, dependentColumns } from "./tables/dependent-columns.js";
export { checkOneModel, type EmbeddingPlace } from "./tables/embedding.js";
export {
  type DataDescription,
  describeEnd,
  describeTables,
  type TableFacts,
} from "./tables/facts.js";
export { farValueNotes, farValues, rowsAtEnd } from "./tables/far-values.js";
export { tableGroups } from "./tables/groups.js";
export { type ColumnLook, lookAtTable, type TableLook } from "./tables/look.js";
export { toRows } from "./tables/number-rows.js";
export { openRows, tableFormat } from "./tables/open.js";
export { chooseCategories, mostLevels, textColumnsOf } from "./tables/prepare/choose-categories.js";
export { chooseColumns } from "./tables/prepare/choose-columns.js";
export { classLabel } from "./tables/prepare/codes.js";
export type { OwnOptions } from "./tables/prepare/prepare.js";
export { areCopies, RowHashes } from "./tables/prepare/repeated-rows.js";
export {
  absentColumn,
  type ReadOptions,
  type RowRequest,
  type RowSource,
} from "./tables/row-source.js";
export { aboutText, selectColumns } from "./tables/select.js";
export {
  type ColumnCondition,
  conditionWidth,
  decodeCondition,
  encodeCondition,
  fitCondition,
} from "./tables/units/column-condition.js";
export {
  type ColumnTransform,
  fitTransform,
  type Standardise,
} from "./tables/units/column-transform.js";
export { FieldUnits } from "./tables/units/field-units.js";
export {
  type Bounds,
  boundsOf,
  type ColumnBounds,
  hullOf,
  type Limits,
  limitsOf,
  rangeItems,
} from "./tables/units/limits.js";
export { RowUnits, Units } from "./tables/units/units.js";
export { undoValue, type ValueTransform } from "./tables/units/value-transform.js";
export {
  type OutputFormat,
  openTableWriter,
  outputFormat,
  outputFormats,
  type TableWriterOptions,
} from "./tables/write/formats.js";
export * from "./tables/write/h5ad.js";
export * from "./tables/write/table-writer.js";
export * from "./vectors/component-shrinkage.js";
export * from "./vectors/projection.js";
export { eightGaussians, gaussianEndpoints, moons } from "./vectors/synthetic.js";
