// A node of autograd's graph whose gradients JavaScript computes: it keeps some tensors, and calls back in the
// backward pass. Activation checkpointing is made of it.
#include "engine.h"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <thread>

namespace dsbm {

using torch::autograd::variable_list;

struct Scripted final : torch::autograd::Node {
  Env* data;
  napi_ref backward = nullptr;
  std::thread::id thread = std::this_thread::get_id();
  std::vector<torch::autograd::SavedVariable> saved;

  explicit Scripted(Env* d) : data(d) { data->references++; }
  ~Scripted() override {
    release_variables();
    if (here()) releaseEnv(data);
  }
  std::string name() const override { return "Scripted"; }

  // JavaScript is called, and its references are counted, on its own thread only.
  bool here() const { return std::this_thread::get_id() == thread; }

  void release_variables() override {
    if (backward && here() && !data->closed) napi_delete_reference(data->env, backward);
    backward = nullptr;
    saved.clear();
  }

  variable_list apply(variable_list&& grads) override {
    if (!here()) fail("ERR_TORCH", "checkpoint: the backward pass left the thread of its JavaScript (more than 60 checkpoints inside each other, or another device's thread)");
    if (!backward || data->closed) fail("ERR_TORCH_VALUE", "checkpoint: its memory was given back after the first backward pass; ask that one to retainGraph");
    variable_list out(num_outputs()), unpacked;
    if (!grads[0].defined()) return out;
    napi_env env = data->env;
    HandleScope scope(env);
    for (const auto& s : saved) unpacked.push_back(s.unpack());
    napi_value wanted = jsList(env, out.size(), [&](size_t i) { return jsBool(env, task_should_compute_output(i)); });
    napi_value args[] = {wrap(data, grads[0]), wrapAll(data, unpacked), wanted};
    napi_value found = made(env, napi_call_function, undefined(env), made(env, napi_get_reference_value, backward), size_t(3), args);
    for (uint32_t i = 0; i < out.size(); i++) {
      napi_value gradient = made(env, napi_get_element, found, i);
      if (typeOf(env, gradient) == napi_null) continue;
      out[i] = tensorOf(env, gradient, "checkpoint");
      drop(handleOf(env, gradient, "checkpoint"));
    }
    return out;
  }
};

// scripted(output, inputs, parameters, drawn, backward) -> the output, with a history. backward(gradient, inputs and
// drawn, wanted) gives, per input and parameter, its gradient as a handle that is dropped here, or null.
EXPORT(scripted) {
  at::Tensor y = tensorOf(call.env, call[0], "checkpoint: the result").detach();
  if (!y.is_floating_point()) fail("ERR_TORCH_TYPE", "checkpoint: expected a result of floating point numbers");
  auto node = std::shared_ptr<Scripted>(new Scripted(call.data), torch::autograd::deleteNode);
  auto inputs = toTensors(call, call[1], "checkpoint: inputs");
  node->set_next_edges(torch::autograd::collect_next_edges(inputs, toTensors(call, call[2], "checkpoint: parameters")));
  for (const auto& list : {inputs, toTensors(call, call[3], "checkpoint: draws")})
    for (const auto& t : list) node->saved.emplace_back(t, false);
  node->backward = made<napi_ref>(call.env, napi_create_reference, call[4], 1u);
  torch::autograd::set_history(y, node);
  return wrap(call.data, y);
}

}  // namespace dsbm
