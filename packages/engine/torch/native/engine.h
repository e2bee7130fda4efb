// What all parts of the addon share: the handle behind a JavaScript tensor, the state of one
// JavaScript environment, and the guard that turns every C++ exception into a JavaScript error.
#pragma once
// Synchronous ("basic") finalisers, which Node 20 still calls experimental: without them nothing is freed
// in a synchronous loop. It is the version that Node asks the addon for, so it must be this one.
#define NAPI_EXPERIMENTAL
#define NAPI_VERSION NAPI_VERSION_EXPERIMENTAL
#include <node_api.h>

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <deque>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dsbm {

constexpr size_t kMaxArgs = 40;
enum class Magic : uint32_t { Tensor = 0x7d5b0001, Generator = 0x7d5b0002, Program = 0x7d5b0003, Dead = 0 };

struct Env;

// First member of everything that JavaScript holds as an external, so that a wrong one is noticed.
struct Boxed {
  Magic magic;
  Env* env;
};
struct TensorHandle : Boxed {
  at::Tensor tensor;  // undefined once disposed
  int64_t bytes = 0;  // bytes reported to the garbage collector
  size_t scope = 0;   // the native scope that it belongs to, counted from 1; 0 is none
};
struct GeneratorHandle : Boxed {
  at::Generator generator;
};

struct Arg {
  std::string label;  // for errors
  c10::TypePtr type;  // of int for int?
  bool optional;
  int32_t fixedSize;  // of int[2], which takes a single number too; 0 for other types
  c10::optional<c10::IValue> fallback;
};
struct Op {
  c10::OperatorHandle handle;
  std::string name;
  std::vector<Arg> args;
  std::vector<int> aliasOf;  // per return: the argument that it is, or -1
};

// One per JavaScript environment (the main thread and every worker thread have their own).
struct Env {
  napi_env env;
  std::deque<Op> ops;  // stable addresses: a getter in an argument may look up more
  std::unordered_map<std::string, uint32_t> opIndex;
  int64_t live = 0;          // tensors with a handle
  int64_t unreported = 0;    // bytes not yet reported to the garbage collector
  int64_t references = 1;    // the environment itself, and every external that still lives
  bool closed = false;
  std::vector<std::unordered_set<TensorHandle*>> scopes;  // native scopes, the innermost last
  int64_t scoped = 0;  // bytes of the tensors in them
};
void releaseEnv(Env* data);

// Both are a std::exception, since they may cross the autograd engine.
// A JavaScript exception is pending already: unwind without another.
struct Pending : std::exception {};
// An error of ours, with the stable code that TypeScript turns into a class.
struct Failure : std::runtime_error {
  const char* code;
  Failure(const char* c, const std::string& message) : std::runtime_error(message), code(c) {}
};
[[noreturn]] inline void fail(const char* code, const std::string& message) { throw Failure(code, message); }

inline void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending || status == napi_pending_exception) throw Pending{};
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  fail("ERR_NAPI", info && info->error_message ? info->error_message : "Node-API call failed");
}

// One call from JavaScript: its environment and its arguments (missing ones are undefined).
struct Call {
  napi_env env;
  Env* data;
  size_t argc = kMaxArgs;
  napi_value argv[kMaxArgs];
  Call(napi_env e, napi_callback_info info) : env(e) {
    void* p = nullptr;
    check(e, napi_get_cb_info(e, info, &argc, argv, nullptr, &p));
    data = static_cast<Env*>(p);
  }
  napi_value operator[](size_t i) const { return argv[i]; }
};
struct HandleScope {
  napi_env env;
  napi_handle_scope scope;
  explicit HandleScope(napi_env e) : env(e) { check(env, napi_open_handle_scope(env, &scope)); }
  ~HandleScope() { napi_close_handle_scope(env, scope); }
};
void translate(napi_env env);  // throws the C++ exception in flight into JavaScript

template <auto F>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    Call call(env, info);
    if constexpr (std::is_void_v<decltype(F(call))>) F(call);
    else return F(call);
  } catch (...) {
    translate(env);
  }
  return nullptr;  // undefined
}

// convert.cc
napi_valuetype typeOf(napi_env env, napi_value v);
std::string describe(napi_env env, napi_value v);
bool toBool(napi_env env, napi_value v, const char* what);
int64_t toInt(napi_env env, napi_value v, const char* what);
double toDouble(napi_env env, napi_value v, const char* what);
std::string toString(napi_env env, napi_value v, const char* what);
uint32_t arrayLength(napi_env env, napi_value v, const char* what);
std::vector<int64_t> toInts(napi_env env, napi_value v, const char* what);
std::vector<at::Tensor> toTensors(Call& call, napi_value v, const char* what);
at::ScalarType toDtype(napi_env env, napi_value v, const char* what);
c10::Device toDevice(napi_env env, napi_value v, const char* what);
const char* dtypeName(at::ScalarType type);
c10::IValue toIValue(Call& call, napi_value v, const Arg& arg);
napi_value toJs(Env* data, const c10::IValue& value);
napi_value jsString(napi_env env, const std::string& s);
napi_value jsNumber(napi_env env, double x);
napi_value jsBool(napi_env env, bool x);
napi_value undefined(napi_env env);
// What a function of Node-API makes of the arguments.
template <class T = napi_value, class F, class... Args>
T made(napi_env env, F create, Args... args) {
  T v;
  check(env, create(env, args..., &v));
  return v;
}
// The one object of its kind, which outlives static destructors, as threads may.
template <class T>
T& immortal() {
  static auto* one = new T;
  return *one;
}
template <class F>
napi_value jsList(napi_env env, size_t n, F element) {
  napi_value out = made(env, napi_create_array_with_length, n);
  for (size_t i = 0; i < n; i++) check(env, napi_set_element(env, out, static_cast<uint32_t>(i), element(i)));
  return out;
}
template <class T>
napi_value jsNumbers(napi_env env, const T& list) {
  return jsList(env, list.size(), [&](size_t i) { return jsNumber(env, static_cast<double>(list[i])); });
}

// tensor.cc
napi_value wrap(Env* data, at::Tensor tensor);
napi_value wrapAll(Env* data, const std::vector<at::Tensor>& tensors);
void drop(TensorHandle* handle);
inline void drop(Boxed*) {}
TensorHandle* handleOf(napi_env env, napi_value v, const char* what);
const at::Tensor& tensorOf(napi_env env, napi_value v, const char* what);
at::Generator generatorOf(napi_env env, napi_value v, const char* what);
Boxed* unbox(napi_env env, napi_value v, Magic magic);
// What is in a box of that kind. Throws an error of type for anything else.
template <class T>
T* opened(napi_env env, napi_value v, Magic magic, const char* what, const char* wanted) {
  if (auto* boxed = unbox(env, v, magic)) return static_cast<T*>(boxed);
  fail("ERR_TORCH_TYPE", std::string(what) + ": expected " + wanted + ", got " + describe(env, v));
}
void settle(Env* data);

// Hands a box to JavaScript, whose collector deletes it one day.
template <class T>
napi_value makeExternal(Env* data, T* boxed) {
  node_api_basic_finalize finalize = [](node_api_basic_env, void* p, void*) {
    auto* dead = static_cast<T*>(p);
    Env* owner = dead->env;
    drop(dead);
    dead->magic = Magic::Dead;
    delete dead;
    releaseEnv(owner);
  };
  napi_value out;
  data->references++;
  napi_status status = napi_create_external(data->env, boxed, finalize, nullptr, &out);
  if (status != napi_ok) finalize(data->env, boxed, nullptr);
  check(data->env, status);
  return out;
}

// program.cc: what the recorder wants to know from the rest
bool recording();
void noteTensor(const at::Tensor& tensor);
void noteGradient(const at::Tensor& leaf);  // its gradient was set or cleared by hand
void refuseWhileRecording(const char* what);
void abortRecording();

// allocator.cc
void installAllocator();

// runtime.cc
void installWarningHandler();

// EXPORT(name) { ... } defines the addon's function `name`, of a `Call& call`, and lists it; ACTION(name) one without a result.
struct Entry { const char* name; napi_callback function; };
std::vector<Entry>& entries();
inline bool list(const char* name, napi_callback function) {
  entries().push_back({name, function});
  return true;
}
#define EXPORT_AS(type, name)                                                       \
  static type js_##name(Call&);                                                     \
  [[maybe_unused]] static const bool listed_##name = list(#name, guarded<js_##name>); \
  static type js_##name([[maybe_unused]] Call& call)
#define EXPORT(name) EXPORT_AS(napi_value, name)
#define ACTION(name) EXPORT_AS(void, name)

// The key of an operation that has one kernel for all devices.
constexpr auto kAnyDevice = c10::DispatchKey::CompositeExplicitAutograd;

// A kernel of our own wrote to t, which autograd has to know.
inline void markWritten(const at::Tensor& t) { if (!t.is_inference()) t.unsafeGetTensorImpl()->bump_version(); }

}  // namespace dsbm
