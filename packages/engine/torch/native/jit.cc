// TorchScript archives: networks that come as a file with their own code, such as the published
// Inception-v3. They are loaded and called, never made or trained.
#include "engine.h"

#include <caffe2/serialize/file_adapter.h>
#include <caffe2/serialize/inline_container.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/runtime/operator.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cctype>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace dsbm {

constexpr Magic kScript = static_cast<Magic>(0x7d5b0010);

struct ScriptHandle : Boxed {
  torch::jit::Module module;
};

static torch::jit::Module scriptOf(Call& call, const char* what) {
  return opened<ScriptHandle>(call.env, call[0], kScript, what, "a TorchScript module")->module;
}

// Refuses code that names an operation outside of `allowed` after a point, the only place where it can be reached.
// Names are compared before anything is compiled: default values of arguments and __setstate__ run during loading.
static void checkScript(caffe2::serialize::PyTorchStreamReader& reader, const std::unordered_set<std::string>& allowed) {
  const std::unordered_set<std::string> anywhere = {"__setstate__", "__getstate__", "getattr", "fork", "awaitable", "rpc"};
  std::unordered_set<std::string> refused;
  for (const auto& op : torch::jit::getAllOperators()) {
    std::string name = op->schema().name();
    name = name.substr(name.rfind(':') + 1);
    if (!allowed.count(name)) refused.insert(name);
  }
  auto endsWith = [](const std::string& s, std::string_view end) {
    return s.size() >= end.size() && s.compare(s.size() - end.size(), end.size(), end) == 0;
  };
  for (const std::string& record : reader.getAllRecords()) {
    const bool isCode = endsWith(record, ".py");
    if (!isCode && !endsWith(record, ".pkl")) {
      if (record == "model.json") fail("ERR_TORCH_SCRIPT", "it is an archive of an old form");
      continue;
    }
    auto [data, size] = reader.getRecord(record);
    std::string_view text(static_cast<const char*>(data.get()), size);
    for (const char* classes : {"torch.classes", "torch.distributed"})
      if (text.find(classes) != text.npos) fail("ERR_TORCH_SCRIPT", record + " uses " + classes);
    bool afterPoint = false, pointBeforeComment = false;
    for (size_t at = 0; isCode && at < text.size();) {
      size_t end = at;
      while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_')) end++;
      std::string name(text.substr(at, end - at));
      if (anywhere.count(name) || (afterPoint && refused.count(name)))
        fail("ERR_TORCH_SCRIPT", record + " uses " + name);
      if (end > at) {
        afterPoint = false;
        at = end;
        continue;
      }
      const char c = text[at++];
      if (c == '#') pointBeforeComment |= afterPoint;
      if (c == '\n') afterPoint |= std::exchange(pointBeforeComment, false);
      else if (!std::isspace(static_cast<unsigned char>(c)) && c != '\\' && c != '#') afterPoint = c == '.';
    }
  }
}

// jitLoad(path, device, allowed) -> module, ready for use (not training)
EXPORT(jitLoad) {
  refuseWhileRecording("loading a TorchScript module");
  at::NoGradGuard noGrad;
  std::unordered_set<std::string> allowed;
  for (uint32_t i = 0; i < arrayLength(call.env, call[2], "jit.load"); i++)
    allowed.insert(toString(call.env, made(call.env, napi_get_element, call[2], i), "jit.load"));
  // One open file is checked and loaded.
  auto file = std::make_shared<caffe2::serialize::FileAdapter>(toString(call.env, call[0], "jit.load"));
  {
    caffe2::serialize::PyTorchStreamReader reader(file);
    checkScript(reader, allowed);
  }
  auto module = torch::jit::load(file, toDevice(call.env, call[1], "jit.load"), false);
  module.eval();
  return makeExternal(call.data, new ScriptHandle{{kScript, call.data}, module});
}

// jitForward(module, inputs, switches): keyword arguments as [name, on] pairs, flat
EXPORT(jitForward) {
  refuseWhileRecording("running a TorchScript module");
  torch::jit::Module module = scriptOf(call, "forward");
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
  return jsString(call.env, c10::toString(scriptOf(call, "schema").get_method("forward").function().getSchema()));
}

}  // namespace dsbm
