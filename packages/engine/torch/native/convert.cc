// JavaScript values to IValues and back, by the kind that the operation's schema asks for.
#include "engine.h"

#include <cmath>

namespace dsbm {

constexpr double kMaxSafe = 9007199254740992.0;

napi_valuetype typeOf(napi_env env, napi_value v) {
  return made<napi_valuetype>(env, napi_typeof, v);
}

std::string describe(napi_env env, napi_value v) {
  static constexpr const char* kNames[] = {"undefined", "null", "a boolean", "a number", "a string", "a symbol", "an object", "a function", "an opaque handle", "a bigint"};
  napi_valuetype type = typeOf(env, v);
  if (made<bool>(env, napi_is_array, v)) return "an array";
  if (type == napi_number) return toString(env, made(env, napi_coerce_to_string, v), "a number");
  return type == napi_external && unbox(env, v, Magic::Tensor) ? "a tensor" : kNames[type];
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
  if (!made<bool>(env, napi_is_array, v)) expected(env, v, what, "an array");
  auto n = made<uint32_t>(env, napi_get_array_length, v);
  if (n > 10'000'000) fail("ERR_TORCH_VALUE", std::string(what) + ": an array of " + std::to_string(n) + " elements is too long");
  return n;
}

template <class T, class F>
static std::vector<T> toVector(napi_env env, napi_value v, const char* what, F convert) {
  uint32_t n = arrayLength(env, v, what);
  std::vector<T> out;
  out.reserve(n < 1024 ? n : 1024);
  for (uint32_t i = 0; i < n; i++) out.push_back(convert(made(env, napi_get_element, v, i)));
  return out;
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
  for (const auto& d : kDtypes) if (s == d.name) return d.type;
  fail("ERR_TORCH_VALUE", std::string(what) + ": unknown dtype \"" + s + "\"; known: float32, float64, float16, bfloat16, int64, int32, int16, int8, uint8, bool, complex64, complex128");
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

static at::MemoryFormat toMemoryFormat(napi_env env, napi_value v, const char* what) {
  std::string s = toString(env, v, what);
  for (auto [name, format] : {std::pair("contiguous", at::MemoryFormat::Contiguous), {"channelsLast", at::MemoryFormat::ChannelsLast}, {"preserve", at::MemoryFormat::Preserve}})
    if (s == name) return format;
  fail("ERR_TORCH_VALUE", std::string(what) + ": memory format \"" + s + "\" is unknown; expected contiguous, channelsLast or preserve");
}

static c10::IValue toIValue(Call& call, napi_value v, const c10::TypePtr& type, const char* what) {
  using c10::TypeKind;
  napi_env env = call.env;
  switch (type->kind()) {
    case TypeKind::TensorType: return tensorOf(env, v, what);
    case TypeKind::IntType: case TypeKind::SymIntType: return toInt(env, v, what);
    case TypeKind::FloatType: return toDouble(env, v, what);
    case TypeKind::BoolType: return toBool(env, v, what);
    case TypeKind::NumberType: return toScalar(env, v, what);
    case TypeKind::StringType: return toString(env, v, what);
    case TypeKind::ScalarTypeType: return toDtype(env, v, what);
    case TypeKind::MemoryFormatType: return toMemoryFormat(env, v, what);
    case TypeKind::DeviceObjType: return toDevice(env, v, what);
    case TypeKind::GeneratorType: return generatorOf(env, v, what);
    case TypeKind::OptionalType: {  // an element of Tensor?[]
      napi_valuetype t = typeOf(env, v);
      if (t == napi_null || t == napi_undefined) return {};
      return toIValue(call, v, type->castRaw<c10::OptionalType>()->getElementType(), what);
    }
    case TypeKind::ListType: {
      c10::TypePtr element = type->castRaw<c10::ListType>()->getElementType();
      if (element->kind() == TypeKind::SymIntType) element = c10::IntType::get();
      if (element->kind() == TypeKind::StringType) break;  // names of dimensions
      c10::impl::GenericList list(element);
      for (auto& e : toVector<c10::IValue>(env, v, what, [&](napi_value e) { return toIValue(call, e, element, what); })) list.push_back(std::move(e));
      return list;
    }
    default: break;
  }
  fail("ERR_TORCH_TYPE", std::string(what) + " has a type that cannot be passed from JavaScript");
}

c10::IValue toIValue(Call& call, napi_value v, const Arg& arg) {
  if (arg.type->kind() == c10::TypeKind::TensorType && unbox(call.env, v, Magic::Tensor)) return tensorOf(call.env, v, arg.label.c_str());
  napi_valuetype type = typeOf(call.env, v);
  if (type == napi_undefined && arg.fallback) return *arg.fallback;
  if (type == napi_undefined || type == napi_null) {
    if (arg.optional) return {};
    fail("ERR_TORCH_TYPE", arg.label + " is missing");
  }
  const char* what = arg.label.c_str();
  if (arg.fixedSize && type == napi_number) return std::vector<int64_t>(arg.fixedSize, toInt(call.env, v, what));
  return toIValue(call, v, arg.type, what);
}

napi_value undefined(napi_env env) { return made(env, napi_get_undefined); }
napi_value jsNumber(napi_env env, double x) { return made(env, napi_create_double, x); }
napi_value jsString(napi_env env, const std::string& s) { return made(env, napi_create_string_utf8, s.data(), s.size()); }
napi_value jsBool(napi_env env, bool x) { return made(env, napi_get_boolean, x); }

napi_value toJs(Env* data, const c10::IValue& value) {
  napi_env env = data->env;
  if (value.isNone()) return made(env, napi_get_null);
  if (value.isTensor()) return wrap(data, value.toTensor());
  if (value.isBool()) return jsBool(env, value.toBool());
  if (value.isDouble()) return jsNumber(env, value.toDouble());
  if (value.isString()) return jsString(env, value.toStringRef());
  if (value.isInt() || value.isSymInt()) {
    int64_t x = value.isInt() ? value.toInt() : value.toSymInt().expect_int();
    return std::abs(static_cast<double>(x)) < kMaxSafe ? jsNumber(env, static_cast<double>(x)) : made(env, napi_create_bigint_int64, x);
  }
  if (value.isList()) {
    auto list = value.toListRef();
    return jsList(env, list.size(), [&](size_t i) { return toJs(data, list[i]); });
  }
  fail("ERR_TORCH_TYPE", "a result of type " + value.tagKind() + " cannot be passed to JavaScript");
}

}  // namespace dsbm
