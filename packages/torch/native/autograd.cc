// PyTorch's own automatic differentiation: backward, grad, leaves, and the gradient modes.
#include "engine.h"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

namespace dsbm {

static bool flag(Call& call, size_t i, const char* what) {
  return typeOf(call.env, call[i]) != napi_undefined && toBool(call.env, call[i], what);
}

static std::vector<at::Tensor> optionalTensors(Call& call, size_t i, const char* what) {
  napi_valuetype t = typeOf(call.env, call[i]);
  if (t == napi_undefined || t == napi_null) return {};
  return toTensors(call, call[i], what);
}

// backward(outputs, gradOutputs | null, retainGraph, createGraph)
EXPORT(backward) {
  auto outputs = toTensors(call, call[0], "backward");
  auto grads = optionalTensors(call, 1, "backward: gradOutputs");
  bool create = flag(call, 3, "backward: createGraph");
  bool retain = create || flag(call, 2, "backward: retainGraph");
  torch::autograd::backward(outputs, grads, retain, create);
  return undefined(call.env);
}

// grad(outputs, inputs, gradOutputs | null, retainGraph, createGraph, allowUnused) -> (tensor | null)[]
EXPORT(grad) {
  auto outputs = toTensors(call, call[0], "grad");
  auto inputs = toTensors(call, call[1], "grad: inputs");
  auto grads = optionalTensors(call, 2, "grad: gradOutputs");
  bool create = flag(call, 4, "grad: createGraph");
  bool retain = create || flag(call, 3, "grad: retainGraph");
  auto out = torch::autograd::grad(outputs, inputs, grads, retain, create, flag(call, 5, "grad: allowUnused"));
  return wrapAll(call.data, out);
}

EXPORT(getGrad) { return wrap(call.data, tensorOf(call.env, call[0], "grad").grad()); }

EXPORT(setGrad) {
  at::Tensor t = tensorOf(call.env, call[0], "grad");
  noteGradient(t);
  napi_valuetype type = typeOf(call.env, call[1]);
  if (type == napi_null || type == napi_undefined) {
    t.mutable_grad() = at::Tensor();
    return undefined(call.env);
  }
  at::Tensor g = tensorOf(call.env, call[1], "grad");
  if (g.sizes() != t.sizes() || g.scalar_type() != t.scalar_type() || g.device() != t.device())
    fail("ERR_TORCH_VALUE", "grad: a gradient has the shape, dtype and device of its tensor");
  t.mutable_grad() = g;
  return undefined(call.env);
}

EXPORT(zeroGrad) {
  for (auto& t : toTensors(call, call[0], "zeroGrad")) {
    noteGradient(t);
    t.mutable_grad() = at::Tensor();
  }
  return undefined(call.env);
}

EXPORT(requiresGrad) {
  at::Tensor t = tensorOf(call.env, call[0], "requiresGrad");
  if (call.argc > 1 && typeOf(call.env, call[1]) != napi_undefined) t.set_requires_grad(toBool(call.env, call[1], "requiresGrad"));
  return jsBool(call.env, t.requires_grad());
}

EXPORT(isLeaf) { return jsBool(call.env, tensorOf(call.env, call[0], "isLeaf").is_leaf()); }

// gradMode(on?) -> what it was
EXPORT(gradMode) {
  bool was = at::GradMode::is_enabled();
  if (typeOf(call.env, call[0]) != napi_undefined) at::GradMode::set_enabled(toBool(call.env, call[0], "gradMode"));
  return jsBool(call.env, was);
}

// inferenceMode(fn) -> what fn returns
EXPORT(inferenceMode) {
  refuseWhileRecording("inferenceMode");
  c10::InferenceMode mode;
  napi_value out;
  check(call.env, napi_call_function(call.env, undefined(call.env), call[0], 0, nullptr, &out));
  return out;
}

}  // namespace dsbm
