// What all parts of the addon share: the handle behind a JavaScript tensor, the state of one
// JavaScript environment, and the guard that turns every C++ exception into a JavaScript error.
#pragma once
#define NAPI_EXPERIMENTAL  // synchronous ("basic") finalisers, which Node 20 still calls experimental
#include <node_api.h>

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <deque>
#include <stdexcept>
#include <string>
#include <unordered_map>
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
  int64_t bytes = 0;  // what the collector was told
};
struct GeneratorHandle : Boxed {
  at::Generator generator;
};

enum class Kind : uint8_t {
  Tensor, TensorList, OptTensorList, Int, IntList, Float, FloatList, Bool, BoolList,
  Scalar, ScalarList, Str, Dtype, Layout, MemoryFormat, Device, Generator, Unsupported
};
struct Arg {
  std::string name;
  Kind kind;
  bool optional;
  bool fixedList;     // int[2] takes a single number too
  int32_t fixedSize;
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
  int64_t unreported = 0;    // bytes not yet told to the collector
  int64_t references = 1;    // the environment itself, and every external that still lives
  bool closed = false;
};
void releaseEnv(Env* data);

// A JavaScript exception is pending already: unwind without another.
struct Pending {};
// An error of ours, with the stable code that TypeScript turns into a class.
struct Failure : std::runtime_error {  // a std::exception, since it may cross the autograd engine
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
using Export = napi_value (*)(Call&);
void translate(napi_env env);  // throws the C++ exception in flight into JavaScript

template <Export F>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    Call call(env, info);
    return F(call);
  } catch (...) {
    translate(env);
    return nullptr;
  }
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
c10::IValue toIValue(Call& call, napi_value v, const Op& op, const Arg& arg);
napi_value toJs(Env* data, const c10::IValue& value);
napi_value jsString(napi_env env, const std::string& s);
napi_value jsNumber(napi_env env, double x);
napi_value jsInts(napi_env env, at::IntArrayRef xs);
napi_value undefined(napi_env env);

// tensor.cc
napi_value wrap(Env* data, at::Tensor tensor);
napi_value wrapGenerator(Env* data, at::Generator generator);
napi_value makeExternal(Env* data, Boxed* boxed, node_api_basic_finalize finalize);
TensorHandle* handleOf(napi_env env, napi_value v, const char* what);
const at::Tensor& tensorOf(napi_env env, napi_value v, const char* what);
at::Generator generatorOf(napi_env env, napi_value v, const char* what);
Boxed* unbox(napi_env env, napi_value v, Magic magic);
void settle(Env* data);
void dropped(Env* data);

// program.cc: what the recorder wants to know from the rest
bool recording();
void noteTensor(const at::Tensor& tensor);
void refuseWhileRecording(const char* what);

// allocator.cc
struct MemoryUse { int64_t current, peak; };
MemoryUse memoryUse(bool resetPeak);
void installAllocator();

// runtime.cc
void installWarningHandler();

void exportTensor(napi_env env, napi_value exports, Env* data);
void exportDispatch(napi_env env, napi_value exports, Env* data);
void exportAutograd(napi_env env, napi_value exports, Env* data);
void exportStorage(napi_env env, napi_value exports, Env* data);
void exportRandom(napi_env env, napi_value exports, Env* data);
void exportRuntime(napi_env env, napi_value exports, Env* data);
void exportProgram(napi_env env, napi_value exports, Env* data);

template <Export F>
void define(napi_env env, napi_value exports, Env* data, const char* name) {
  napi_value fn;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, guarded<F>, data, &fn));
  check(env, napi_set_named_property(env, exports, name, fn));
}

}  // namespace dsbm
