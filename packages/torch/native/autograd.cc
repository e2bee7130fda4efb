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
static napi_value backward(Call& call) {
  auto outputs = toTensors(call, call[0], "backward");
  auto grads = optionalTensors(call, 1, "backward: gradOutputs");
  bool create = flag(call, 3, "backward: createGraph");
  bool retain = create || flag(call, 2, "backward: retainGraph");
  torch::autograd::backward(outputs, grads, retain, create);
  return undefined(call.env);
}

// grad(outputs, inputs, gradOutputs | null, retainGraph, createGraph, allowUnused) -> (tensor | null)[]
static napi_value grad(Call& call) {
  auto outputs = toTensors(call, call[0], "grad");
  auto inputs = toTensors(call, call[1], "grad: inputs");
  auto grads = optionalTensors(call, 2, "grad: gradOutputs");
  bool create = flag(call, 4, "grad: createGraph");
  bool retain = create || flag(call, 3, "grad: retainGraph");
  auto out = torch::autograd::grad(outputs, inputs, grads, retain, create, flag(call, 5, "grad: allowUnused"));
  napi_value list;
  check(call.env, napi_create_array_with_length(call.env, out.size(), &list));
  for (size_t i = 0; i < out.size(); i++) check(call.env, napi_set_element(call.env, list, i, wrap(call.data, out[i])));
  return list;
}

static napi_value getGrad(Call& call) {
  at::Tensor t = tensorOf(call.env, call[0], "grad");
  return wrap(call.data, t.grad());
}

static napi_value setGrad(Call& call) {
  at::Tensor t = tensorOf(call.env, call[0], "grad");
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

static napi_value zeroGrad(Call& call) {
  for (auto& t : toTensors(call, call[0], "zeroGrad")) t.mutable_grad() = at::Tensor();
  return undefined(call.env);
}

static napi_value requiresGrad(Call& call) {
  at::Tensor t = tensorOf(call.env, call[0], "requiresGrad");
  if (call.argc > 1 && typeOf(call.env, call[1]) != napi_undefined) t.set_requires_grad(toBool(call.env, call[1], "requiresGrad"));
  napi_value out;
  check(call.env, napi_get_boolean(call.env, t.requires_grad(), &out));
  return out;
}

static napi_value isLeaf(Call& call) {
  napi_value out;
  check(call.env, napi_get_boolean(call.env, tensorOf(call.env, call[0], "isLeaf").is_leaf(), &out));
  return out;
}

// gradMode(on?) -> what it was
static napi_value gradMode(Call& call) {
  bool was = at::GradMode::is_enabled();
  if (typeOf(call.env, call[0]) != napi_undefined) at::GradMode::set_enabled(toBool(call.env, call[0], "gradMode"));
  napi_value out;
  check(call.env, napi_get_boolean(call.env, was, &out));
  return out;
}

// inferenceMode(fn) -> what fn returns
static napi_value inferenceMode(Call& call) {
  refuseWhileRecording("inferenceMode");
  c10::InferenceMode mode;
  napi_value out;
  check(call.env, napi_call_function(call.env, undefined(call.env), call[0], 0, nullptr, &out));
  return out;
}

void exportAutograd(napi_env env, napi_value exports, Env* data) {
  define<backward>(env, exports, data, "backward");
  define<grad>(env, exports, data, "grad");
  define<getGrad>(env, exports, data, "getGrad");
  define<setGrad>(env, exports, data, "setGrad");
  define<zeroGrad>(env, exports, data, "zeroGrad");
  define<requiresGrad>(env, exports, data, "requiresGrad");
  define<isLeaf>(env, exports, data, "isLeaf");
  define<gradMode>(env, exports, data, "gradMode");
  define<inferenceMode>(env, exports, data, "inferenceMode");
}

}  // namespace dsbm
