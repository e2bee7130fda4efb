// The rows of one value of a column: a text, a number, a date, or a range.
import { exactNumber } from "./cells.js";
import type { TableColumn } from "./row-source.js";
import type { RowFilter } from "./where.js";

const mostGroups = 11;

/** A column and the value that the rows of a group have there. */
export interface RowGroup {
  /** Name of the column. */
  column: string;
  /** A text, a number, a year, a month, or a range such as 1990..1999. */
  value: string;
}

/** Tests whether rows are in a group; notes at most 11 other values of the column in `groups`. */
export function groupFilter(
  { column, value }: RowGroup,
  kind: TableColumn["kind"],
  groups: Set<string>,
): RowFilter {
  const isIn = groupTest(value, kind);
  return {
    numbers: [],
    texts: [column],
    keeps({ texts }, i) {
      const cell = texts[0]?.[i];
      const keeps = isIn(cell);
      if (!keeps && groups.size < mostGroups) groups.add(cell);
      return keeps;
    },
  };
}

const datePattern = /^(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:$|[T ])/;
const periodPattern = /^\d{4}(-\d{2}){0,2}$/;
const rangePattern = /^(.*?)\.\.(.*)$/s;

/** A date as 2019-05-03; "" for other cells. */
function dateOf(cell: string): string {
  const [, year, ...parts] = datePattern.exec(cell) ?? [];
  return [year ?? [], parts.flatMap((part) => part?.padStart(2, "0") ?? [])].flat().join("-");
}

const numberIn = (text: string): number => (text === "" ? Number.NaN : Number(text));

/**
 * Whether a cell is in a group: the same text or number, a date of a year (2019) or a month
 * (2019-05), or in LOW..HIGH. In a column of texts 1E2 is a name, such as a place on a plate.
 */
function groupTest(value: string, kind: TableColumn["kind"]): (cell: string) => boolean {
  const text = value.trim();
  const exact = exactNumber(text);
  const number = kind === "number" ? numberIn(text) : Number.NaN;
  const isPeriod = periodPattern.test(text);
  const inRange = rangeTest(text);
  const isSameNumber = (cell: string) => {
    const other = exactNumber(cell);
    return exact !== null && other !== null ? exact === other : numberIn(cell) === number;
  };
  return (cell) => {
    const content = cell.trim();
    return (
      cell === value ||
      content === text ||
      isSameNumber(content) ||
      (isPeriod && dateOf(content).startsWith(text)) ||
      inRange(content)
    );
  };
}

/** Bounds are included, a year or month wholly; one may be missing. */
function rangeTest(text: string): (cell: string) => boolean {
  const [, from, to] = (rangePattern.exec(text) ?? []).map((bound) => bound.trim());
  if (from === undefined || to === undefined || from + to === "") return () => false;
  const low = numberIn(from);
  const high = numberIn(to);
  const areNumbers = [from, to].every((bound) => bound === "" || !Number.isNaN(Number(bound)));
  const areDates = [from, to].every((bound) => bound === "" || periodPattern.test(bound));
  return (cell) => {
    const x = numberIn(cell);
    if (areNumbers && !Number.isNaN(x))
      return (from === "" || x >= low) && (to === "" || x <= high);
    const date = areDates ? dateOf(cell) : "";
    return date !== "" && date >= from && (to === "" || date <= to || date.startsWith(to));
  };
}
