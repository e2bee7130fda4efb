// PyTorch's own automatic differentiation: backward, grad, leaves, and the gradient modes.
#include "engine.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

namespace dsbm {

// differentiate(outputs, gradOutputs, inputs | null, retainGraph, allowUnused) -> (tensor | null)[], or
// null where there are no inputs: then it adds to the gradients of the leaves
EXPORT(differentiate) {
  auto outputs = toTensors(call, call[0], "outputs"), gradients = toTensors(call, call[1], "gradOutputs");
  bool retain = toBool(call.env, call[3], "retainGraph");
  if (typeOf(call.env, call[2]) != napi_null)
    return wrapAll(call.data, torch::autograd::grad(outputs, toTensors(call, call[2], "inputs"), gradients, retain, false, toBool(call.env, call[4], "allowUnused")));
  torch::autograd::backward(outputs, gradients, retain, false);
  return made(call.env, napi_get_null);
}

EXPORT(getGrad) { return wrap(call.data, tensorOf(call.env, call[0], "grad").grad()); }

// setGrad(leaf, tensor | null)
ACTION(setGrad) {
  at::Tensor t = tensorOf(call.env, call[0], "grad"), g;
  if (typeOf(call.env, call[1]) != napi_null) g = tensorOf(call.env, call[1], "grad");
  if (g.defined() && (g.sizes() != t.sizes() || g.scalar_type() != t.scalar_type() || g.device() != t.device()))
    fail("ERR_TORCH_VALUE", "grad: a gradient has the shape, dtype and device of its tensor");
  noteGradient(t);
  t.mutable_grad() = g;
}

// requiresGrad(tensor, on?) -> whether it does now
EXPORT(requiresGrad) {
  at::Tensor t = tensorOf(call.env, call[0], "requiresGrad");
  if (typeOf(call.env, call[1]) != napi_undefined) t.set_requires_grad(toBool(call.env, call[1], "requiresGrad"));
  return jsBool(call.env, t.requires_grad());
}

// gradMode(on?) -> what it was
EXPORT(gradMode) {
  bool was = at::GradMode::is_enabled();
  if (typeOf(call.env, call[0]) != napi_undefined) at::GradMode::set_enabled(toBool(call.env, call[0], "gradMode"));
  return jsBool(call.env, was);
}

}  // namespace dsbm
