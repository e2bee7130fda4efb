// Times of CF: "days since 1950-01-01" in a calendar, as dates.
// The convention: https://cfconventions.org/cf-conventions/cf-conventions.html#time-coordinate

const secondsOf: Readonly<Record<string, number>> = {
  second: 1,
  sec: 1,
  s: 1,
  minute: 60,
  min: 60,
  hour: 3600,
  hr: 3600,
  h: 3600,
  day: 86_400,
  d: 86_400,
};

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

interface CalendarDate {
  year: number;
  month: number;
  day: number;
}

/** Days since year 0, and back. */
interface Calendar {
  days(date: CalendarDate): number;
  date(days: number): CalendarDate;
}

/** A calendar in which all years have months of these lengths. */
function constantCalendar(months: readonly number[]): Calendar {
  const year = months.reduce((a, b) => a + b, 0);
  return {
    days: ({ year: y, month, day }) =>
      y * year + months.slice(0, month - 1).reduce((a, b) => a + b, 0) + day - 1,
    date(days) {
      const y = Math.floor(days / year);
      let left = days - y * year;
      const month = months.findIndex((length) => {
        if (left < length) return true;
        left -= length;
        return false;
      });
      return { year: y, month: month + 1, day: left + 1 };
    },
  };
}

const dayMilliseconds = 86_400_000;

const gregorian: Calendar = {
  days({ year, month, day }) {
    // Date.UTC would take years below 100 as 1900 and later.
    return Math.round(new Date(0).setUTCFullYear(year, month - 1, day) / dayMilliseconds);
  },
  date(days) {
    const date = new Date(days * dayMilliseconds);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
    };
  },
};

/** The Julian day of 1970-01-01. */
const epochJulianDay = 2_440_588;

/** Every fourth year is a leap year. By Richards' formulas, with years that begin in March. */
const julian: Calendar = {
  days({ year, month, day }) {
    const shift = Math.floor((14 - month) / 12);
    const y = year + 4800 - shift;
    const m = month + 12 * shift - 3;
    const days = Math.floor((153 * m + 2) / 5) + 365 * y + Math.floor(y / 4);
    return day + days - 32_083 - epochJulianDay;
  },
  date(days) {
    const c = days + epochJulianDay + 32_082;
    const y = Math.floor((4 * c + 3) / 1461);
    const e = c - Math.floor((1461 * y) / 4);
    const m = Math.floor((5 * e + 2) / 153);
    const turn = Math.floor(m / 10);
    return {
      year: y - 4800 + turn,
      month: m + 3 - 12 * turn,
      day: e - Math.floor((153 * m + 2) / 5) + 1,
    };
  },
};

const firstGregorianDay = gregorian.days({ year: 1582, month: 10, day: 15 });

/** The calendar of history: Julian up to 4 October 1582, then Gregorian. */
const mixedCalendar: Calendar = {
  days(date) {
    const days = gregorian.days(date);
    return days < firstGregorianDay ? julian.days(date) : days;
  },
  date: (days) => (days < firstGregorianDay ? julian : gregorian).date(days),
};

const leapMonths = monthDays.map((length, month) => (month === 1 ? 29 : length));

const calendars: Readonly<Record<string, Calendar>> = {
  standard: mixedCalendar,
  gregorian: mixedCalendar,
  julian,
  proleptic_gregorian: gregorian,
  noleap: constantCalendar(monthDays),
  "365_day": constantCalendar(monthDays),
  all_leap: constantCalendar(leapMonths),
  "366_day": constantCalendar(leapMonths),
  "360_day": constantCalendar(monthDays.map(() => 30)),
};

const twoDigits = (value: number): string => String(value).padStart(2, "0");

/** A calendar, and the days since its year 0 of a time. */
interface CalendarClock {
  rule: Calendar;
  days(time: number): number;
}

/** The clock of units such as "hours since 1900-01-01"; null for other units and for an unknown calendar. */
function clockOf(units: string, calendar: string): CalendarClock | null {
  const match =
    /^\s*(\w+?)s?\s+since\s+(-?\d+)-(\d+)-(\d+)(?:[T\s]+(\d+):(\d+)(?::([\d.]+))?)?/i.exec(units);
  const rule = calendars[calendar.toLowerCase()];
  const seconds = secondsOf[match?.[1].toLowerCase() ?? ""];
  if (!match || !rule || seconds === undefined) return null;
  const [year, month, day, hour, minute, second] = match.slice(2).map((part) => Number(part ?? 0));
  const begin = rule.days({ year, month, day });
  const clock = (hour * 60 + minute) * 60 + second;
  return { rule, days: (time) => begin + (clock + time * seconds) / 86_400 };
}

/**
 * The date of times in units such as "hours since 1900-01-01", as "1999-12-31". Returns null for other units and for an
 * unknown calendar.
 */
export function datesOf(units: string, calendar = "standard"): ((time: number) => string) | null {
  const clock = clockOf(units, calendar);
  return (
    clock &&
    ((time) => {
      const date = clock.rule.date(Math.floor(clock.days(time) + 1e-9));
      return `${String(date.year).padStart(4, "0")}-${twoDigits(date.month)}-${twoDigits(date.day)}`;
    })
  );
}

/**
 * The season of times in such units: the passed share of the year, from 0 to 1. Returns null for other units and for an
 * unknown calendar.
 */
export function seasonsOf(units: string, calendar = "standard"): ((time: number) => number) | null {
  const clock = clockOf(units, calendar);
  return (
    clock &&
    ((time) => {
      const days = clock.days(time);
      const { year } = clock.rule.date(Math.floor(days));
      const [begin, end] = [year, year + 1].map((one) =>
        clock.rule.days({ year: one, month: 1, day: 1 }),
      );
      return (days - begin) / (end - begin);
    })
  );
}
