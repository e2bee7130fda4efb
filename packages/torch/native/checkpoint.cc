// Activation checkpointing: a node of autograd's graph that keeps a function's inputs instead of its intermediates,
// and calls JavaScript in the backward pass to run the function again.
#include "engine.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>

#include <thread>

namespace dsbm {

using torch::autograd::SavedVariable;
using torch::autograd::variable_list;

struct Recomputation final : torch::autograd::Node {
  Env* data;
  napi_ref again = nullptr;
  std::thread::id thread = std::this_thread::get_id();
  std::vector<SavedVariable> inputs, drawn;
  std::vector<at::Tensor> parameters;  // gradients flow to them in this order, after the inputs

  explicit Recomputation(Env* d) : data(d) { data->references++; }
  ~Recomputation() override {
    release_variables();
    if (here()) releaseEnv(data);
  }
  std::string name() const override { return "Recomputation"; }

  // JavaScript is called, and its references are counted, on its own thread only.
  bool here() const { return std::this_thread::get_id() == thread; }

  void release_variables() override {
    if (again && here() && !data->closed) napi_delete_reference(data->env, again);
    again = nullptr;
    inputs.clear();
    drawn.clear();
    parameters.clear();
  }

  at::Tensor rerun(const variable_list& xs) {
    napi_env env = data->env;
    napi_value self = undefined(env), function, result;
    check(env, napi_get_reference_value(env, again, &function));
    variable_list draws;
    for (const auto& d : drawn) draws.push_back(d.unpack());
    napi_value args[] = {wrapAll(data, xs), wrapAll(data, draws)};
    check(env, napi_call_function(env, self, function, 2, args, &result));
    auto* handle = handleOf(env, result, "checkpoint");
    at::Tensor y = handle->tensor;
    drop(handle);
    return y;
  }

  variable_list apply(variable_list&& grads) override {
    if (!here()) fail("ERR_TORCH", "checkpoint: the backward pass left the thread of its JavaScript (more than 60 checkpoints inside each other, or another device's thread)");
    if (!again || data->closed) fail("ERR_TORCH_VALUE", "checkpoint: its memory was given back after the first backward pass; ask that one to retainGraph");
    if (at::GradMode::is_enabled()) fail("ERR_TORCH_NOT_IMPLEMENTED", "checkpoint: gradients of gradients are not kept; leave the checkpoint out where createGraph is needed");
    variable_list out(inputs.size() + parameters.size());
    if (!grads[0].defined()) return out;
    try {
      HandleScope scope(data->env);
      at::AutoGradMode on(true);
      variable_list xs, wanted;
      std::vector<size_t> at;
      for (size_t i = 0; i < out.size(); i++) {
        at::Tensor x = i < inputs.size() ? inputs[i].unpack() : parameters[i - inputs.size()];
        bool wants = x.requires_grad();
        if (i < inputs.size()) xs.push_back(x = x.detach());
        if (!wants || !task_should_compute_output(i)) continue;
        if (i < inputs.size()) x.set_requires_grad(true);
        wanted.push_back(x);
        at.push_back(i);
      }
      at::Tensor y = rerun(xs);
      if (y.sizes() != grads[0].sizes()) fail("ERR_TORCH_VALUE", "checkpoint: the recomputation gave another shape; expected a function that does the same both times");
      if (wanted.empty() || !y.requires_grad()) return out;
      auto found = torch::autograd::grad({y}, wanted, {grads[0]}, false, false, true);
      for (size_t i = 0; i < at.size(); i++) out[at[i]] = found[i];
    } catch (const Pending&) {
      throw Thrown();
    }
    return out;
  }
};

// checkpoint(output, inputs, parameters, drawn, again) -> the output, with a history that calls again(inputs, drawn)
EXPORT(checkpoint) {
  at::Tensor output = tensorOf(call.env, call[0], "checkpoint: the result");
  auto inputs = toTensors(call, call[1], "checkpoint: inputs");
  auto parameters = toTensors(call, call[2], "checkpoint: parameters");
  auto drawn = toTensors(call, call[3], "checkpoint: draws");
  if (typeOf(call.env, call[4]) != napi_function) fail("ERR_TORCH_TYPE", "checkpoint: expected a function to run again");
  if (!output.is_floating_point()) fail("ERR_TORCH_TYPE", "checkpoint: expected a result of floating point numbers");
  auto node = std::shared_ptr<Recomputation>(new Recomputation(call.data), torch::autograd::deleteNode);
  check(call.env, napi_create_reference(call.env, call[4], 1, &node->again));
  node->set_next_edges(torch::autograd::collect_next_edges(inputs, parameters));
  for (const auto& t : inputs) node->inputs.emplace_back(t, false);
  for (const auto& t : drawn) node->drawn.emplace_back(t, false);
  node->parameters = std::move(parameters);
  at::Tensor y = output.detach();
  torch::autograd::set_history(y, node);
  return wrap(call.data, y);
}

}  // namespace dsbm
