const datePattern = /^(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:$|[T ])/;
const periodPattern = /^\d{4}(-\d{2}){0,2}$/;
const range = /^(.*?)\.\.(.*)$/s;

/** A date as 2019-05-03; "" for other cells. */
function dateOf(cell: string): string {
  const [, year, ...parts] = datePattern.exec(cell) ?? [];
  return [year ?? [], parts.flatMap((part) => part?.padStart(2, "0") ?? [])].flat().join("-");
}

const numberIn = (text: string): number => (text === "" ? Number.NaN : Number(text));

/** Whether a cell is in a group: the same text or number, a date of a year (2019) or a month (2019-05), or in LOW..HIGH. */
export function isGroup(value: string): (cell: string) => boolean {
  const text = value.trim();
  const number = numberIn(text);
  const isSame = (cell: string) => cell === value || cell.trim() === text;
  const isPeriod = periodPattern.test(text);
  const inRange = rangeOf(text);
  return (cell) =>
    isSame(cell) ||
    numberIn(cell.trim()) === number ||
    (isPeriod && dateOf(cell.trim()).startsWith(text)) ||
    inRange(cell.trim());
}

/** Bounds are included, a year or month wholly; one may be missing. */
function rangeOf(text: string): (cell: string) => boolean {
  const [, from, to] = (range.exec(text) ?? []).map((bound) => bound.trim());
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
