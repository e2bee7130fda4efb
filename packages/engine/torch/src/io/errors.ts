// The error of the file formats, with codes that do not change with the wording.

/** The stable codes of {@link FormatError}. */
export type FormatCode =
  | "Unreadable"
  | "NotThisFormat"
  | "HeaderTooShort"
  | "HeaderTooLarge"
  | "InvalidHeader"
  | "InvalidOffset"
  | "InvalidShape"
  | "InvalidValue"
  | "SizeMismatch"
  | "IncompleteFile"
  | "UnknownDtype"
  | "DuplicateName"
  | "UnknownName"
  | "OutOfRange"
  | "Closed";

/** A file or an array that is not what its format says: one line, opening with the file's name. */
export class FormatError extends Error {
  override readonly name = "FormatError";

  constructor(
    readonly code: FormatCode,
    /** The file, or a word for the bytes where there is no file. */
    readonly source: string,
    problem: string,
  ) {
    super(oneLine(`${source}: ${problem}`));
  }
}

/** Names in files can hold anything, line breaks and megabytes included; a message cannot. */
function oneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ");
  return line.length > 500 ? `${line.slice(0, 499)}…` : line;
}
