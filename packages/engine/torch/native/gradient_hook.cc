// A call of JavaScript as soon as a leaf's gradient is whole, in the middle of the backward pass: an exchange
// between processes can begin while the rest of the gradients is computed.
#include "engine.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <thread>

namespace dsbm {

struct GradientHook final : torch::autograd::PostAccumulateGradHook {
  Env* data;
  napi_ref ready = nullptr;
  std::thread::id thread = std::this_thread::get_id();

  explicit GradientHook(Env* d) : data(d) { data->references++; }
  ~GradientHook() override {
    if (std::this_thread::get_id() != thread) return;  // its counts belong to that thread
    if (ready && !data->closed) napi_delete_reference(data->env, ready);
    releaseEnv(data);
  }

  void operator()(const at::Tensor&) override {
    if (std::this_thread::get_id() != thread || data->closed) fail("ERR_TORCH", "the backward pass left the thread of its JavaScript");
    HandleScope scope(data->env);
    made(data->env, napi_call_function, undefined(data->env), made(data->env, napi_get_reference_value, ready), size_t(0), nullptr);
  }
};

// onGradient(leaf, ready | null): calls ready() whenever a backward pass has added to the leaf's gradient
EXPORT(onGradient) {
  at::Tensor leaf = tensorOf(call.env, call[0], "onGradient");
  if (!leaf.is_leaf() || !leaf.requires_grad()) fail("ERR_TORCH_VALUE", "onGradient: expected a leaf that requires grad");
  std::unique_ptr<GradientHook> hook;
  if (typeOf(call.env, call[1]) == napi_function) {
    hook = std::make_unique<GradientHook>(call.data);
    check(call.env, napi_create_reference(call.env, call[1], 1, &hook->ready));
  }
  torch::autograd::impl::set_post_acc_grad_hooks(leaf, std::move(hook));
  return undefined(call.env);
}

}  // namespace dsbm
