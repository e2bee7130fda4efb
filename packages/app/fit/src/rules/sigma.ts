// The noise of the reference process, and whether a mixture makes the first pairs.
import type { DataFacts } from "../facts.js";
import { type Rule, rule, twoDigits } from "./rule.js";

/** What the user has chosen before the rules. */
export interface UserChoices {
  /** Whether a mixture may make the first pairs (default: yes). */
  mayUseMixture?: boolean;
  /** The given noise; undefined: to be chosen. */
  sigma?: number | null | undefined;
  /** Whether the reference process makes the first pairs. */
  fromReference?: boolean;
  /** Whether the source is the coarsened target, row by row. */
  addsDetail?: boolean;
  /** The noun for the samples (default: "images"). */
  samples?: string;
}

/** The usual σ, as a share of the distance of optimal transport. */
const sigmaShareOfTransport = 0.1;
/** σ of data without spread or distance. */
const sigmaOfEqualRows = 0.1;
const leastSigmaShareOfSpread = 0.02;
const largestSigmaShareOfSpread = 0.3;

/** Columns up to which a mixture is close to the bridge, and paths are seen in a plane. */
export const fewColumns = 3;
const leastMixtureRows = 1000;
const mixtureSigmaShareOfSpread = 0.6;
const leastMixtureSigmaShareOfSpread = 0.25;

/** Whether LightSB's mixture makes the first pairs: two tables of few columns and many rows, with much noise. */
export function startsFromMixture(
  { shape, rows, spread }: DataFacts,
  { mayUseMixture = true, sigma }: UserChoices,
): boolean {
  const [d = 0, ...more] = shape;
  const isNoisy =
    sigma === undefined || (sigma !== null && sigma >= leastMixtureSigmaShareOfSpread * spread);
  const isTable = more.length === 0 && d <= fewColumns;
  const isLarge = rows.length === 2 && Math.min(...rows) >= leastMixtureRows;
  return mayUseMixture && isNoisy && isTable && isLarge;
}

/** Chooses σ in units of the standardised data. */
export function chooseSigma(facts: DataFacts, choices: UserChoices = {}): Rule {
  const { transport, spread } = facts;
  if (startsFromMixture(facts, choices))
    return rule(
      "sigma",
      twoDigits(mixtureSigmaShareOfSpread * spread || sigmaOfEqualRows),
      `few columns: noise of ${mixtureSigmaShareOfSpread} of the spread (${twoDigits(spread)}) lets paths separate where the target has gaps`,
    );
  if (choices.fromReference)
    return rule(
      "sigma",
      twoDigits(spread || sigmaOfEqualRows),
      `the reference process makes the first pairs: noise as large as the spread (${twoDigits(spread)}) brings samples near the target`,
    );
  if (choices.addsDetail)
    return rule(
      "sigma",
      twoDigits(transport || sigmaOfEqualRows),
      `noise as large as the detail that the source lacks (${twoDigits(transport)} a coordinate) draws it anew`,
    );
  return sigmaOfTransport(transport, spread);
}

function sigmaOfTransport(transport: number, spread: number): Rule {
  const noise = sigmaShareOfTransport * transport;
  const low = leastSigmaShareOfSpread * spread;
  const high = largestSigmaShareOfSpread * spread;
  const value = twoDigits(Math.max(Math.min(noise, high), low) || sigmaOfEqualRows);
  return rule(
    "sigma",
    value,
    noise > high
      ? `source and target are far apart (${twoDigits(transport)} a coordinate): ${largestSigmaShareOfSpread} of their spread of ${twoDigits(spread)}`
      : noise < low
        ? `source and target are close (${twoDigits(transport)} a coordinate): ${leastSigmaShareOfSpread} of their spread of ${twoDigits(spread)}`
        : `optimal transport moves a coordinate by ${twoDigits(transport)}, of which this is a tenth`,
  );
}
