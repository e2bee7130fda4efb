// JavaScript values to IValues and back, by the kind that the operation's schema asks for.
#include "engine.h"

#include <cmath>

namespace dsbm {

constexpr double kMaxSafe = 9007199254740992.0;

napi_valuetype typeOf(napi_env env, napi_value v) {
  napi_valuetype t;
  check(env, napi_typeof(env, v, &t));
  return t;
}

std::string describe(napi_env env, napi_value v) {
  switch (typeOf(env, v)) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: {
      double x = 0;
      napi_get_value_double(env, v, &x);
      if (std::isnan(x)) return "NaN";
      if (std::isinf(x)) return x > 0 ? "Infinity" : "-Infinity";
      char text[32];
      snprintf(text, sizeof text, "%.17g", x);
      return text;
    }
    case napi_string: return "a string";
    case napi_symbol: return "a symbol";
    case napi_function: return "a function";
    case napi_bigint: return "a bigint";
    case napi_external: return unbox(env, v, Magic::Tensor) ? "a tensor" : "an opaque handle";
    default: break;
  }
  bool array = false;
  napi_is_array(env, v, &array);
  return array ? "an array" : "an object";
}

[[noreturn]] static void expected(napi_env env, napi_value v, const char* what, const char* wanted) {
  fail("ERR_TORCH_TYPE", std::string(what) + ": expected " + wanted + ", got " + describe(env, v));
}

bool toBool(napi_env env, napi_value v, const char* what) {
  bool x = false;
  if (napi_get_value_bool(env, v, &x) != napi_ok) expected(env, v, what, "true or false");
  return x;
}

double toDouble(napi_env env, napi_value v, const char* what) {
  double x = 0;
  if (napi_get_value_double(env, v, &x) != napi_ok) expected(env, v, what, "a number");
  return x;
}

static int64_t bigToInt(napi_env env, napi_value v, const char* what) {
  int64_t x = 0;
  bool lossless = false;
  check(env, napi_get_value_bigint_int64(env, v, &x, &lossless));
  if (!lossless) fail("ERR_TORCH_VALUE", std::string(what) + ": the bigint does not fit 64 bits");
  return x;
}

int64_t toInt(napi_env env, napi_value v, const char* what) {
  double x = 0;
  if (napi_get_value_double(env, v, &x) == napi_ok) {
    if (!std::isfinite(x) || x != std::trunc(x) || std::abs(x) > kMaxSafe) expected(env, v, what, "an integer");
    return static_cast<int64_t>(x);
  }
  if (typeOf(env, v) == napi_bigint) return bigToInt(env, v, what);
  expected(env, v, what, "an integer");
}

std::string toString(napi_env env, napi_value v, const char* what) {
  size_t n = 0;
  if (napi_get_value_string_utf8(env, v, nullptr, 0, &n) != napi_ok) expected(env, v, what, "a string");
  std::string s(n, '\0');
  check(env, napi_get_value_string_utf8(env, v, s.data(), n + 1, &n));
  return s;
}

uint32_t arrayLength(napi_env env, napi_value v, const char* what) {
  bool array = false;
  uint32_t n = 0;
  check(env, napi_is_array(env, v, &array));
  if (!array) expected(env, v, what, "an array");
  check(env, napi_get_array_length(env, v, &n));
  if (n > 10'000'000) fail("ERR_TORCH_VALUE", std::string(what) + ": an array of " + std::to_string(n) + " elements is too long");
  return n;
}

template <class T, class F>
static std::vector<T> toVector(napi_env env, napi_value v, const char* what, F convert) {
  uint32_t n = arrayLength(env, v, what);
  std::vector<T> out;
  out.reserve(n < 1024 ? n : 1024);
  for (uint32_t i = 0; i < n; i++) {
    napi_value e;
    check(env, napi_get_element(env, v, i, &e));
    out.push_back(convert(e));
  }
  return out;
}

template <class T, class F>
static c10::IValue toList(napi_env env, napi_value v, const char* what, F convert) {
  c10::List<T> list;
  for (const auto& e : toVector<T>(env, v, what, convert)) list.push_back(e);
  return c10::IValue(std::move(list));
}

std::vector<int64_t> toInts(napi_env env, napi_value v, const char* what) {
  return toVector<int64_t>(env, v, what, [&](napi_value e) { return toInt(env, e, what); });
}

std::vector<at::Tensor> toTensors(Call& call, napi_value v, const char* what) {
  return toVector<at::Tensor>(call.env, v, what, [&](napi_value e) { return tensorOf(call.env, e, what); });
}

struct DtypeName { const char* name; at::ScalarType type; };
static constexpr DtypeName kDtypes[] = {
    {"float32", at::kFloat}, {"float64", at::kDouble}, {"float16", at::kHalf}, {"bfloat16", at::kBFloat16},
    {"int64", at::kLong}, {"int32", at::kInt}, {"int16", at::kShort}, {"int8", at::kChar},
    {"uint8", at::kByte}, {"bool", at::kBool}, {"complex64", at::kComplexFloat}, {"complex128", at::kComplexDouble}};

const char* dtypeName(at::ScalarType type) {
  for (const auto& d : kDtypes) if (d.type == type) return d.name;
  return c10::toString(type);
}

at::ScalarType toDtype(napi_env env, napi_value v, const char* what) {
  std::string s = toString(env, v, what);
  std::string names;
  for (const auto& d : kDtypes) {
    if (s == d.name) return d.type;
    names += (names.empty() ? "" : ", ") + std::string(d.name);
  }
  fail("ERR_TORCH_VALUE", std::string(what) + ": unknown dtype \"" + s + "\"; known: " + names);
}

c10::Device toDevice(napi_env env, napi_value v, const char* what) {
  std::string s = toString(env, v, what);
  c10::Device d(s);
  if (d.is_cuda() && !at::hasCUDA())
    fail("ERR_TORCH_VALUE", std::string(what) + ": device \"" + s + "\" asked for, but this libtorch has no CUDA; use \"cpu\" or point LIBTORCH at a CUDA build");
  if (!d.is_cpu() && !d.is_cuda() && d.type() != at::kMeta)
    fail("ERR_TORCH_VALUE", std::string(what) + ": device \"" + s + "\" is not supported; expected cpu, cuda, cuda:N or meta");
  return d;
}

static at::Scalar toScalar(napi_env env, napi_value v, const char* what) {
  double x = 0;
  if (napi_get_value_double(env, v, &x) == napi_ok) {
    bool whole = std::isfinite(x) && x == std::trunc(x) && std::abs(x) < kMaxSafe && !(x == 0 && std::signbit(x));
    return whole ? at::Scalar(static_cast<int64_t>(x)) : at::Scalar(x);
  }
  switch (typeOf(env, v)) {
    case napi_boolean: return at::Scalar(toBool(env, v, what));
    case napi_bigint: return at::Scalar(bigToInt(env, v, what));
    default: expected(env, v, what, "a number");
  }
}

static at::MemoryFormat toMemoryFormat(const std::string& s, const std::string& what) {
  if (s == "contiguous") return at::MemoryFormat::Contiguous;
  if (s == "channelsLast") return at::MemoryFormat::ChannelsLast;
  if (s == "preserve") return at::MemoryFormat::Preserve;
  fail("ERR_TORCH_VALUE", what + ": memory format \"" + s + "\" is unknown; expected contiguous, channelsLast or preserve");
}

c10::IValue toIValue(Call& call, napi_value v, const Op& op, const Arg& arg) {
  napi_env env = call.env;
  napi_valuetype type = typeOf(env, v);
  if (type == napi_undefined || type == napi_null) {
    if (type == napi_undefined && arg.fallback) return *arg.fallback;
    if (arg.optional) return c10::IValue();
    fail("ERR_TORCH_TYPE", op.name + ": argument \"" + arg.name + "\" is missing");
  }
  if (arg.kind == Kind::Tensor && type == napi_external) {
    auto* h = static_cast<TensorHandle*>(unbox(env, v, Magic::Tensor));
    if (h && h->tensor.defined()) {
      if (recording()) noteTensor(h->tensor);
      return c10::IValue(h->tensor);
    }
  }
  std::string label = op.name + ": argument \"" + arg.name + "\"";
  const char* what = label.c_str();
  switch (arg.kind) {
    case Kind::Tensor: return c10::IValue(tensorOf(env, v, what));
    case Kind::TensorList: return c10::IValue(toTensors(call, v, what));
    case Kind::OptTensorList:
      return toList<c10::optional<at::Tensor>>(env, v, what, [&](napi_value e) {
        napi_valuetype t = typeOf(env, e);
        return t == napi_null || t == napi_undefined ? c10::optional<at::Tensor>() : tensorOf(env, e, what);
      });
    case Kind::Int: return c10::IValue(toInt(env, v, what));
    case Kind::IntList:
      if (arg.fixedSize && type == napi_number) return c10::IValue(std::vector<int64_t>(arg.fixedSize, toInt(env, v, what)));
      return c10::IValue(toInts(env, v, what));
    case Kind::Float: return c10::IValue(toDouble(env, v, what));
    case Kind::FloatList: return c10::IValue(toVector<double>(env, v, what, [&](napi_value e) { return toDouble(env, e, what); }));
    case Kind::Bool: return c10::IValue(toBool(env, v, what));
    case Kind::BoolList: return toList<bool>(env, v, what, [&](napi_value e) { return toBool(env, e, what); });
    case Kind::Scalar: return c10::IValue(toScalar(env, v, what));
    case Kind::ScalarList: return toList<at::Scalar>(env, v, what, [&](napi_value e) { return toScalar(env, e, what); });
    case Kind::Str: return c10::IValue(toString(env, v, what));
    case Kind::Dtype: return c10::IValue(toDtype(env, v, what));
    case Kind::Layout:
      if (toString(env, v, what) == "strided") return c10::IValue(c10::kStrided);
      fail("ERR_TORCH_VALUE", label + ": expected the layout strided");
    case Kind::MemoryFormat: return c10::IValue(toMemoryFormat(toString(env, v, what), label));
    case Kind::Device: return c10::IValue(toDevice(env, v, what));
    case Kind::Generator: return c10::IValue(generatorOf(env, v, what));
    case Kind::Unsupported: break;
  }
  fail("ERR_TORCH_TYPE", label + " has a type that cannot be passed from JavaScript");
}

napi_value undefined(napi_env env) {
  napi_value v;
  check(env, napi_get_undefined(env, &v));
  return v;
}
napi_value jsNumber(napi_env env, double x) {
  napi_value v;
  check(env, napi_create_double(env, x, &v));
  return v;
}
napi_value jsString(napi_env env, const std::string& s) {
  napi_value v;
  check(env, napi_create_string_utf8(env, s.data(), s.size(), &v));
  return v;
}
napi_value jsBool(napi_env env, bool x) {
  napi_value v;
  check(env, napi_get_boolean(env, x, &v));
  return v;
}

napi_value toJs(Env* data, const c10::IValue& value) {
  napi_env env = data->env;
  napi_value v;
  if (value.isTensor()) return wrap(data, value.toTensor());
  if (value.isNone()) {
    check(env, napi_get_null(env, &v));
  } else if (value.isBool()) {
    return jsBool(env, value.toBool());
  } else if (value.isInt() || value.isSymInt()) {
    int64_t x = value.isInt() ? value.toInt() : value.toSymInt().expect_int();
    if (std::abs(static_cast<double>(x)) < kMaxSafe) return jsNumber(env, static_cast<double>(x));
    check(env, napi_create_bigint_int64(env, x, &v));
  } else if (value.isDouble()) {
    return jsNumber(env, value.toDouble());
  } else if (value.isString()) {
    return jsString(env, value.toStringRef());
  } else if (value.isList()) {
    auto list = value.toListRef();
    return jsList(env, list.size(), [&](size_t i) { return toJs(data, list[i]); });
  } else {
    fail("ERR_TORCH_TYPE", "a result of type " + value.tagKind() + " cannot be passed to JavaScript");
  }
  return v;
}

}  // namespace dsbm
