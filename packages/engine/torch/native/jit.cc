// TorchScript archives: networks that come as a file with their own code, such as the published
// Inception-v3. They are loaded and called, never made or trained.
#include "engine.h"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <optional>

namespace dsbm {

constexpr Magic kScript = static_cast<Magic>(0x7d5b0010);

struct ScriptHandle : Boxed {
  std::optional<torch::jit::Module> module;  // none once disposed
  int64_t bytes = 0;                         // of its weights, as reported to the garbage collector
};

void drop(ScriptHandle* h) {
  h->module.reset();
  h->env->unreported -= h->bytes;
  h->bytes = 0;
}

static ScriptHandle* scriptOf(Call& call, const char* what) {
  auto* h = opened<ScriptHandle>(call.env, call[0], kScript, what, "a TorchScript module");
  if (!h->module) fail("ERR_TORCH_DISPOSED", std::string(what) + ": the module was disposed of");
  return h;
}

// jitLoad(path, device) -> module, ready for use (not training)
EXPORT(jitLoad) {
  refuseWhileRecording("loading a TorchScript module");
  at::NoGradGuard noGrad;
  auto module = torch::jit::load(toString(call.env, call[0], "jit.load"), toDevice(call.env, call[1], "jit.load"), false);
  module.eval();
  auto* h = new ScriptHandle{{kScript, call.data}, module};
  for (const at::Tensor& t : module.parameters()) h->bytes += static_cast<int64_t>(t.nbytes());
  for (const at::Tensor& t : module.buffers()) h->bytes += static_cast<int64_t>(t.nbytes());
  call.data->unreported += h->bytes;
  settle(call.data);
  return makeExternal(call.data, h);
}

// jitForward(module, inputs, switches): keyword arguments as [name, on] pairs, flat
EXPORT(jitForward) {
  refuseWhileRecording("running a TorchScript module");
  torch::jit::Module module = *scriptOf(call, "forward")->module;
  std::vector<c10::IValue> inputs;
  for (auto& t : toTensors(call, call[1], "forward")) inputs.emplace_back(t);
  torch::jit::Kwargs switches;
  for (uint32_t i = 0; i + 1 < arrayLength(call.env, call[2], "forward"); i += 2) {
    std::string name = toString(call.env, made(call.env, napi_get_element, call[2], i), "forward");
    switches[name] = toBool(call.env, made(call.env, napi_get_element, call[2], i + 1), name.c_str());
  }
  at::NoGradGuard noGrad;
  torch::jit::GraphOptimizerEnabledGuard asWritten(false);  // else the first calls are measured and differ from later ones
  c10::IValue out = module.forward(std::move(inputs), switches);
  if (!out.isTensor()) fail("ERR_TORCH_TYPE", "forward gives a value of type " + out.tagKind() + "; expected one tensor");
  return wrap(call.data, out.toTensor());
}

// jitSchema(module) -> forward's arguments and result, as PyTorch writes them
EXPORT(jitSchema) {
  auto method = scriptOf(call, "schema")->module->find_method("forward");
  if (!method) fail("ERR_TORCH_VALUE", "the module has no method forward");
  return jsString(call.env, c10::toString(method->function().getSchema()));
}

// jitDispose(module): again and again without harm
EXPORT(jitDispose) {
  if (auto* h = unbox(call.env, call[0], kScript)) drop(static_cast<ScriptHandle*>(h));
  settle(call.data);
  return undefined(call.env);
}

}  // namespace dsbm
