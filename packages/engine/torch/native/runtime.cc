// What the process has: versions, threads, devices, and no warnings of PyTorch.
#include "engine.h"

#include <torch/csrc/api/include/torch/version.h>

#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <c10/util/Exception.h>

namespace dsbm {

// PyTorch's warnings are for those who call it themselves.
struct Unheard : c10::WarningHandler {
  void process(const c10::Warning&) override {}
};
// The handler is per thread: each environment installs it on its own.
void installWarningHandler() { c10::WarningUtils::set_warning_handler(&immortal<Unheard>()); }

// numThreads(n?) -> how many there are now
EXPORT(numThreads) {
  if (typeOf(call.env, call[0]) != napi_undefined) at::set_num_threads(static_cast<int>(toInt(call.env, call[0], "setNumThreads")));
  return jsNumber(call.env, at::get_num_threads());
}

// info() -> as strings: version, configuration, CUDA devices or -1 where this libtorch has no CUDA
EXPORT(info) {
  int64_t devices = at::hasCUDA() ? at::detail::getCUDAHooks().deviceCount() : -1;
  return toJs(call.data, std::vector<std::string>{TORCH_VERSION, at::show_config(), std::to_string(devices)});
}

}  // namespace dsbm
