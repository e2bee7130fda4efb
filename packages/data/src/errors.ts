// What the data sets refuse, under codes that do not change with the wording.

/** The stable codes of {@link DatasetError}. */
export type DatasetCode =
  | "Unreadable"
  | "BadGzip"
  | "BadZip"
  | "BadTar"
  | "BadPickle"
  | "BadPicture"
  | "BadArray"
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

/** Data that is missing or not what it should be: what was found, what was expected, what to do. */
export class DatasetError extends Error {
  override readonly name = "DatasetError";

  constructor(
    readonly code: DatasetCode,
    message: string,
  ) {
    super(message.replace(/\s+/g, " "));
  }
}
