// The life of a tensor handle: born as an external, dropped by a scope, by hand or by the collector.
#include "engine.h"

namespace dsbm {

// Bytes are told to V8 in lumps: the call costs more than a small tensor.
constexpr int64_t kLump = 1 << 20;
// The C++ objects behind even the smallest tensor.
constexpr int64_t kHandleBytes = 512;

void settle(Env* data) {
  if (data->closed || (data->unreported < kLump && data->unreported > -kLump)) return;
  int64_t now;
  napi_adjust_external_memory(data->env, data->unreported, &now);
  data->unreported = 0;
}

static void drop(TensorHandle* h) {
  if (!h->tensor.defined()) return;
  h->tensor.reset();
  h->env->live--;
  h->env->unreported -= h->bytes;
  h->bytes = 0;
}

static void finalizeTensor(node_api_basic_env, void* p, void*) {
  auto* h = static_cast<TensorHandle*>(p);
  drop(h);
  Env* data = h->env;
  h->magic = Magic::Dead;
  delete h;
  releaseEnv(data);
}

static void finalizeGenerator(node_api_basic_env, void* p, void*) {
  auto* h = static_cast<GeneratorHandle*>(p);
  Env* data = h->env;
  h->magic = Magic::Dead;
  delete h;
  releaseEnv(data);
}

napi_value makeExternal(Env* data, Boxed* boxed, node_api_basic_finalize finalize) {
  napi_value out;
  boxed->env = data;
  data->references++;
  napi_status status = napi_create_external(data->env, boxed, finalize, nullptr, &out);
  if (status != napi_ok) {
    finalize(data->env, boxed, nullptr);
    check(data->env, status);
  }
  return out;
}

napi_value wrap(Env* data, at::Tensor tensor) {
  if (!tensor.defined()) {
    napi_value none;
    check(data->env, napi_get_null(data->env, &none));
    return none;
  }
  auto* h = new TensorHandle{{Magic::Tensor, data}, std::move(tensor)};
  // A view shares its storage: only the first handle on a storage counts its bytes.
  bool owns = h->tensor.has_storage() && h->tensor.storage().use_count() == 1;
  h->bytes = kHandleBytes + (owns ? static_cast<int64_t>(h->tensor.storage().nbytes()) : 0);
  data->live++;
  data->unreported += h->bytes;
  settle(data);
  return makeExternal(data, h, finalizeTensor);
}

napi_value wrapGenerator(Env* data, at::Generator generator) {
  return makeExternal(data, new GeneratorHandle{{Magic::Generator, data}, std::move(generator)}, finalizeGenerator);
}

Boxed* unbox(napi_env env, napi_value v, Magic magic) {
  if (typeOf(env, v) != napi_external) return nullptr;
  void* p = nullptr;
  check(env, napi_get_value_external(env, v, &p));
  auto* boxed = static_cast<Boxed*>(p);
  return boxed && boxed->magic == magic ? boxed : nullptr;
}

TensorHandle* handleOf(napi_env env, napi_value v, const char* what) {
  auto* h = static_cast<TensorHandle*>(unbox(env, v, Magic::Tensor));
  if (!h) fail("ERR_TORCH_TYPE", std::string(what) + ": expected a tensor, got " + describe(env, v));
  return h;
}

const at::Tensor& tensorOf(napi_env env, napi_value v, const char* what) {
  auto* h = handleOf(env, v, what);
  if (!h->tensor.defined()) fail("ERR_TORCH_DISPOSED", std::string(what) + ": the tensor was disposed of");
  if (recording()) noteTensor(h->tensor);
  return h->tensor;
}

at::Generator generatorOf(napi_env env, napi_value v, const char* what) {
  auto* h = static_cast<GeneratorHandle*>(unbox(env, v, Magic::Generator));
  if (!h) fail("ERR_TORCH_TYPE", std::string(what) + ": expected a generator, got " + describe(env, v));
  return h->generator;
}

static napi_value release(Call& call) {
  uint32_t n = arrayLength(call.env, call[0], "release");
  for (uint32_t i = 0; i < n; i++) {
    napi_value v;
    check(call.env, napi_get_element(call.env, call[0], i, &v));
    if (auto* h = unbox(call.env, v, Magic::Tensor)) drop(static_cast<TensorHandle*>(h));
  }
  settle(call.data);
  return undefined(call.env);
}

static napi_value dispose(Call& call) {
  drop(handleOf(call.env, call[0], "dispose"));
  settle(call.data);
  return undefined(call.env);
}

static napi_value isDisposed(Call& call) {
  napi_value out;
  check(call.env, napi_get_boolean(call.env, !handleOf(call.env, call[0], "disposed")->tensor.defined(), &out));
  return out;
}

static napi_value shape(Call& call) { return jsInts(call.env, tensorOf(call.env, call[0], "shape").sizes()); }
static napi_value stride(Call& call) { return jsInts(call.env, tensorOf(call.env, call[0], "stride").strides()); }
static napi_value dtype(Call& call) {
  return jsString(call.env, dtypeName(tensorOf(call.env, call[0], "dtype").scalar_type()));
}
static napi_value device(Call& call) { return jsString(call.env, tensorOf(call.env, call[0], "device").device().str()); }
static napi_value liveTensors(Call& call) { return jsNumber(call.env, static_cast<double>(call.data->live)); }
static napi_value version(Call& call) {
  const auto& t = tensorOf(call.env, call[0], "version");
  return jsNumber(call.env, t.is_inference() ? 0 : static_cast<double>(t._version()));
}

void exportTensor(napi_env env, napi_value exports, Env* data) {
  define<release>(env, exports, data, "release");
  define<dispose>(env, exports, data, "dispose");
  define<isDisposed>(env, exports, data, "isDisposed");
  define<shape>(env, exports, data, "shape");
  define<stride>(env, exports, data, "stride");
  define<dtype>(env, exports, data, "dtype");
  define<device>(env, exports, data, "device");
  define<version>(env, exports, data, "version");
  define<liveTensors>(env, exports, data, "liveTensors");
}

}  // namespace dsbm
