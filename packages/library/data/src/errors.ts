/** Codes are stable when the text changes. */
export type DatasetCode =
  | "Unreadable"
  | "BadGzip"
  | "BadZip"
  | "BadPickle"
  | "BadPicture"
  | "BadArray"
  | "BadTable"
  | "ChangedFile"
  | "NotIdx"
  | "UnsupportedType"
  | "IncompleteFile"
  | "SizeMismatch"
  | "BadLabel"
  | "WrongSet"
  | "MissingFiles"
  | "NotPrepared"
  | "UnknownSet"
  | "InvalidOption";

/** Missing or wrong data: the given value, the expected value, the cure. */
export class DatasetError extends Error {
  /** For checks without `instanceof`. */
  override readonly name = "DatasetError";

  constructor(
    /** The kind of the error. */
    readonly code: DatasetCode,
    message: string,
  ) {
    super(message.replace(/\s+/g, " "));
  }
}

export const badTable = (path: string, problem: string): DatasetError =>
  new DatasetError("BadTable", `${path}: ${problem}`);

export const invalidOption = (message: string): DatasetError =>
  new DatasetError("InvalidOption", message);

export function checkImageSize(
  image_size: number | undefined,
  { height, width, source }: { height: number; width: number; source: string },
): void {
  if (image_size !== undefined && (height !== image_size || width !== image_size))
    throw new DatasetError(
      "InvalidOption",
      `image_size ${image_size}: the images of ${source} have ${height}×${width} pixels and are not resized; set image_size=${height}`,
    );
}

export function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
