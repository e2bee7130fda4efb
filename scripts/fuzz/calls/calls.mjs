// The kinds of calls and how often each is made.
import { parse } from "../schema.mjs";
import { memoryCall } from "./memory.mjs";
import {
  functionCall,
  generatorCall,
  schemaCall,
  settingCall,
  tensorCall,
  wrapperCall,
} from "./operations.mjs";
import { chunkedCall, earlierProgramCall, gradientCall, recordCall } from "./programs.mjs";

const factories =
  "tensor zeros ones empty full arange linspace eye rand randn randint randperm manualSeed".split(
    " ",
  );
const doors = "tidy noGrad enableGrad keep zeroGrad grad backward recorded schemas call".split(" ");

/** The probability of each kind. */
const table = [
  [0.36, schemaCall],
  [0.02, memoryCall],
  [0.02, earlierProgramCall],
  [0.16, wrapperCall],
  [0.08, functionCall(factories)],
  [0.05, functionCall(doors)],
  [0.08, tensorCall],
  [0.02, generatorCall],
  [0.07, recordCall],
  [0.01, chunkedCall],
  [0.1, gradientCall],
  [0.03, settingCall],
];

/**
 * The drawing of calls over engine `T`: a function of a random source and the makers of values (values.mjs) that returns
 * { what, args, run }. `schemas` are the schemas of the operations for `call`.
 */
export function callsOf(T, schemas) {
  const engine = { T, operations: schemas.map(parse).filter(Boolean) };
  return (r, v) => {
    let x = r.next();
    for (const [p, kind] of table) {
      x -= p;
      if (x < 0) return kind(engine, r, v);
    }
    return schemaCall(engine, r, v);
  };
}
