// The header of a safetensors file, checked against the format's specification.
import { formatError } from "../binding/errors.js";
import { type DType, elementCount, itemSize } from "./raw.js";

export const headerLimit = 100_000_000;

interface Entry {
  dtype: DType;
  shape: number[];
  begin: number;
  end: number;
}

/** A checked header: the tensors in the order of their bytes, and where the last one ends. */
export interface Header {
  entries: Map<string, Entry>;
  metadata: Record<string, string>;
  end: number;
}

export const dtypeNames: Readonly<Record<DType, string>> = {
  float32: "F32",
  float64: "F64",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};

const dtypes = new Map(Object.entries(dtypeNames).map(([dtype, name]) => [name, dtype as DType]));

/** Parses and checks a header. Throws a TorchError. */
export function parseHeader(bytes: Uint8Array, source: string): Header {
  if (bytes[0] !== 0x7b) {
    throw formatError(
      "InvalidHeader",
      source,
      `header begins with the byte ${bytes[0] ?? "(none)"}: expected "{"; is this a safetensors file?`,
    );
  }
  const json = parseJson(bytes, source);
  const entries: [string, Entry][] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = readMetadata(value, source);
    else entries.push([name, readEntry(value, `${source} "${name}"`)]);
  }
  entries.sort(([, p], [, q]) => p.begin - q.begin || p.end - q.end);
  let end = 0;
  for (const [name, entry] of entries) {
    if (entry.begin !== end) {
      throw formatError(
        "InvalidOffset",
        `${source} "${name}"`,
        `data begins at ${entry.begin}: expected ${end}, where the tensor before it ends`,
      );
    }
    end = entry.end;
  }
  return { entries: new Map(entries), metadata, end };
}

function parseJson(bytes: Uint8Array, source: string): object {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return JSON.parse(text) as object;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw formatError("InvalidHeader", source, `header is no JSON in UTF-8: ${reason}`);
  }
}

function readMetadata(value: unknown, source: string): Record<string, string> {
  if (isObject(value)) {
    const wrong = Object.entries(value).find(([, text]) => typeof text !== "string");
    if (wrong === undefined) return value as Record<string, string>;
  }
  throw formatError(
    "InvalidHeader",
    source,
    "__metadata__: expected an object that maps names to strings",
  );
}

function readEntry(value: unknown, source: string): Entry {
  const { dtype: name, shape, data_offsets: offsets } = isObject(value) ? value : {};
  if (typeof name !== "string" || !isNumbers(shape) || !isNumbers(offsets)) {
    throw formatError(
      "InvalidHeader",
      source,
      'expected { "dtype": string, "shape": [numbers], "data_offsets": [begin, end] }',
    );
  }
  const dtype = dtypes.get(name);
  if (dtype === undefined) {
    throw formatError(
      "UnknownDtype",
      source,
      `dtype ${JSON.stringify(name).slice(0, 100)}: expected one of ${[...dtypes.keys()].join(", ")}`,
    );
  }
  const [begin, end] = offsets;
  const ordered = begin !== undefined && end !== undefined && begin <= end;
  if (offsets.length !== 2 || !ordered || !Number.isSafeInteger(end)) {
    throw formatError(
      "InvalidOffset",
      source,
      `data_offsets [${String(offsets)}]: expected [begin, end] with begin ≤ end < 2^53`,
    );
  }
  const expected = elementCount(shape, source) * itemSize[dtype];
  if (end - begin !== expected) {
    throw formatError(
      "SizeMismatch",
      source,
      `${end - begin} bytes in the file: expected ${expected} for ${name} [${shape}]`,
    );
  }
  return { dtype, shape, begin, end };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}
