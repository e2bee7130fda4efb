// What the process has: versions, threads, devices, memory, and PyTorch's warnings.
#include "engine.h"

#include <torch/csrc/api/include/torch/version.h>

#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>

#include <mutex>

namespace dsbm {

// Warnings may come from any thread: they wait here until JavaScript asks.
struct WarningQueue : c10::WarningHandler {
  std::mutex mutex;
  std::vector<std::string> queue;
  void process(const c10::Warning& w) override {
    std::lock_guard<std::mutex> lock(mutex);
    if (queue.size() < 256) queue.push_back(w.msg());
  }
};
static WarningQueue& warnings() {
  static auto* q = new WarningQueue;  // leaked: threads may outlive static destructors
  return *q;
}
// The handler is per thread: each environment installs it on its own.
void installWarningHandler() { c10::WarningUtils::set_warning_handler(&warnings()); }

EXPORT(drainWarnings) {
  std::vector<std::string> out;
  {
    std::lock_guard<std::mutex> lock(warnings().mutex);
    out.swap(warnings().queue);
  }
  return jsList(call.env, out.size(), [&](size_t i) { return jsString(call.env, out[i]); });
}

EXPORT(numThreads) {
  if (typeOf(call.env, call[0]) != napi_undefined) {
    int64_t n = toInt(call.env, call[0], "setNumThreads");
    if (n < 1 || n > 1024) fail("ERR_TORCH_VALUE", "setNumThreads: expected 1 to 1024, got " + std::to_string(n));
    at::set_num_threads(static_cast<int>(n));
  }
  return jsNumber(call.env, at::get_num_threads());
}

static void set(napi_env env, napi_value object, const char* name, napi_value v) {
  check(env, napi_set_named_property(env, object, name, v));
}

EXPORT(info) {
  napi_env env = call.env;
  napi_value out;
  check(env, napi_create_object(env, &out));
  set(env, out, "version", jsString(env, TORCH_VERSION));
  set(env, out, "config", jsString(env, at::show_config()));
  set(env, out, "parallel", jsString(env, at::get_parallel_info()));
  set(env, out, "cuda", jsBool(env, at::hasCUDA()));
  set(env, out, "cudaDevices", jsNumber(env, at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : 0));
  return out;
}

// memory(resetPeak, limit) -> { current, peak } bytes of CPU tensors in the whole process
EXPORT(memory) {
  MemoryUse use = memoryUse(typeOf(call.env, call[0]) != napi_undefined && toBool(call.env, call[0], "memory"));
  if (typeOf(call.env, call[1]) != napi_undefined) limitMemory(toInt(call.env, call[1], "setMemoryLimit"));
  napi_value out;
  check(call.env, napi_create_object(call.env, &out));
  set(call.env, out, "current", jsNumber(call.env, static_cast<double>(use.current)));
  set(call.env, out, "peak", jsNumber(call.env, static_cast<double>(use.peak)));
  return out;
}

}  // namespace dsbm
