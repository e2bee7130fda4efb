// The life of a tensor handle: born as an external, dropped by a scope, by hand or by the collector.
#include "engine.h"

namespace dsbm {

// Bytes are reported to V8 in batches: the call costs more than a small tensor.
constexpr int64_t kLump = 1 << 20;
// The C++ objects behind even the smallest tensor.
constexpr int64_t kHandleBytes = 512;

void settle(Env* data) {
  if (data->closed || (data->unreported < kLump && data->unreported > -kLump)) return;
  int64_t now;
  napi_adjust_external_memory(data->env, data->unreported, &now);
  data->unreported = 0;
}

static void enterScope(TensorHandle* h, size_t scope) {
  h->scope = scope;
  if (scope == 0) return;
  h->env->scopes[scope - 1].insert(h);
  h->env->scoped += h->bytes;
}

static void leaveScope(TensorHandle* h) {
  if (h->scope == 0) return;
  h->env->scopes[h->scope - 1].erase(h);
  h->env->scoped -= h->bytes;
  h->scope = 0;
}

void drop(TensorHandle* h) {
  if (!h->tensor.defined()) return;
  leaveScope(h);
  h->tensor.reset();
  h->env->live--;
  h->env->unreported -= h->bytes;
  h->bytes = 0;
}

// Gives a tensor to a handle that has none.
static void fill(Env* data, TensorHandle* h, at::Tensor tensor) {
  h->tensor = std::move(tensor);
  // A view shares its storage: only the first handle on a storage counts its bytes.
  bool owns = !h->tensor.is_meta() && h->tensor.has_storage() && h->tensor.storage().use_count() == 1;
  h->bytes = kHandleBytes + (owns ? static_cast<int64_t>(h->tensor.storage().nbytes()) : 0);
  data->live++;
  data->unreported += h->bytes;
  enterScope(h, data->scopes.size());
  settle(data);
}

napi_value wrap(Env* data, at::Tensor tensor) {
  if (!tensor.defined()) return made(data->env, napi_get_null);
  auto* h = new TensorHandle{{Magic::Tensor, data}};
  fill(data, h, std::move(tensor));
  return makeExternal(data, h);
}

// wrap() in a handle that JavaScript gave back, whose tensor was released: a new one takes V8 half a microsecond.
napi_value wrapInto(Env* data, at::Tensor tensor, napi_value spare) {
  auto* h = tensor.defined() ? static_cast<TensorHandle*>(unbox(data->env, spare, Magic::Tensor)) : nullptr;
  if (!h || h->tensor.defined() || h->env != data) return wrap(data, std::move(tensor));
  fill(data, h, std::move(tensor));
  return spare;
}

napi_value wrapAll(Env* data, const std::vector<at::Tensor>& tensors) {
  return jsList(data->env, tensors.size(), [&](size_t i) { return wrap(data, tensors[i]); });
}

Boxed* unbox(napi_env env, napi_value v, Magic magic) {
  void* p = nullptr;
  // Node has externals of its own; what cannot be one of ours is not looked into.
  if (napi_get_value_external(env, v, &p) != napi_ok || p == nullptr || reinterpret_cast<uintptr_t>(p) % alignof(Boxed) != 0) return nullptr;
  auto* boxed = static_cast<Boxed*>(p);
  return boxed->magic == magic ? boxed : nullptr;
}

TensorHandle* handleOf(napi_env env, napi_value v, const char* what) {
  return opened<TensorHandle>(env, v, Magic::Tensor, what, "a tensor");
}

const at::Tensor& tensorOf(napi_env env, napi_value v, const char* what) {
  auto* h = handleOf(env, v, what);
  if (!h->tensor.defined()) fail("ERR_TORCH_DISPOSED", std::string(what) + ": the tensor was disposed of");
  if (recording()) noteTensor(h->tensor);
  return h->tensor;
}

at::Generator generatorOf(napi_env env, napi_value v, const char* what) {
  return opened<GeneratorHandle>(env, v, Magic::Generator, what, "a generator")->generator;
}

ACTION(release) {
  uint32_t n = arrayLength(call.env, call[0], "release");
  for (uint32_t i = 0; i < n; i++)
    if (auto* h = unbox(call.env, made(call.env, napi_get_element, call[0], i), Magic::Tensor)) drop(static_cast<TensorHandle*>(h));
  settle(call.data);
}

// Native scopes: they know the tensors made in them without holding them, so that the collector can free those that
// JavaScript no longer refers to.
ACTION(scopeBegin) {
  call.data->scopes.emplace_back();
}

// scopeEnd(survivors) -> which of them are of the innermost scope: these move to the one around it, its others are dropped
EXPORT(scopeEnd) {
  Env* data = call.data;
  if (data->scopes.empty()) fail("ERR_TORCH_VALUE", "scopeEnd: no scope is open");
  std::vector<TensorHandle*> survivors;  // null for those of other scopes
  uint32_t n = arrayLength(call.env, call[0], "scopeEnd");
  for (uint32_t i = 0; i < n; i++) {
    auto* h = static_cast<TensorHandle*>(unbox(call.env, made(call.env, napi_get_element, call[0], i), Magic::Tensor));
    survivors.push_back(h && h->scope == data->scopes.size() ? h : nullptr);
    if (survivors.back()) leaveScope(h);
  }
  while (!data->scopes.back().empty()) drop(*data->scopes.back().begin());
  data->scopes.pop_back();
  for (TensorHandle* h : survivors) if (h) enterScope(h, data->scopes.size());
  settle(data);
  return jsList(call.env, survivors.size(), [&](size_t i) { return jsBool(call.env, survivors[i]); });
}

// unscope(tensor): it lives until it is disposed of or collected
ACTION(unscope) {
  if (auto* h = unbox(call.env, call[0], Magic::Tensor)) leaveScope(static_cast<TensorHandle*>(h));
}

EXPORT(scopedBytes) { return jsNumber(call.env, static_cast<double>(call.data->scoped)); }

EXPORT(isDisposed) { return jsBool(call.env, !handleOf(call.env, call[0], "disposed")->tensor.defined()); }
EXPORT(dtype) { return jsString(call.env, dtypeName(tensorOf(call.env, call[0], "dtype").scalar_type())); }
EXPORT(device) { return jsString(call.env, tensorOf(call.env, call[0], "device").device().str()); }
EXPORT(shape) { return jsNumbers(call.env, tensorOf(call.env, call[0], "shape").sizes()); }
EXPORT(stride) { return jsNumbers(call.env, tensorOf(call.env, call[0], "stride").strides()); }

}  // namespace dsbm
