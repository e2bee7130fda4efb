// Replaying: the steps of a program one after the other below autograd, with no JavaScript between them;
// or many chunks of rows side by side, each on one thread with a generator of its own.
#include "program.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <omp.h>

#include <atomic>
#include <mutex>
#include <thread>

namespace dsbm {

static c10::IValue load(const Operand& o, const std::vector<c10::IValue>& slots, const at::Generator* generator) {
  switch (o.kind) {
    case Operand::Constant: return o.constant;
    case Operand::One: return slots[o.slots[0]];
    case Operand::Generator: return generator ? c10::IValue(*generator) : o.constant;
    case Operand::List: {
      c10::List<at::Tensor> list;
      list.reserve(o.slots.size());
      for (Slot s : o.slots) list.push_back(s < 0 ? at::Tensor() : slots[s].toTensor());
      return c10::IValue(std::move(list));
    }
    case Operand::OptionalList: {
      c10::List<c10::optional<at::Tensor>> list;
      for (Slot s : o.slots) list.push_back(s < 0 ? c10::optional<at::Tensor>() : slots[s].toTensor());
      return c10::IValue(std::move(list));
    }
  }
  return {};
}

std::vector<at::Tensor> replay(const Program& program, const std::vector<at::Tensor>& inputs, const at::Generator* generator) {
  at::AutoDispatchBelowADInplaceOrView below;
  at::AutoGradMode off(false);
  for (const auto& [slot, layout] : program.held)
    if (!fits(program.initial[slot].toTensor(), layout))
      fail("ERR_TORCH_VALUE", "replay: a tensor that the program holds has another shape or dtype than when it was recorded; record anew");
  for (auto [leaf, gradient] : program.expected)
    if (program.initial[leaf].toTensor().grad().unsafeGetTensorImpl() != program.initial[gradient].toTensor().unsafeGetTensorImpl())
      fail("ERR_TORCH_VALUE", "replay: a gradient that the program adds to was replaced or cleared since it was recorded; clear gradients inside the recorded function");
  std::vector<c10::IValue> slots = program.initial;
  for (size_t i = 0; i < inputs.size(); i++) slots[i] = inputs[i];
  torch::jit::Stack stack;
  for (const Step& step : program.steps) {
    stack.clear();
    for (const Operand& o : step.operands) stack.push_back(load(o, slots, generator));
    step.op.callBoxed(stack);
    for (size_t i = 0; i < step.results.size(); i++) {
      const auto& to = step.results[i];
      if (step.listResult[i]) {
        auto list = stack[i].toTensorVector();
        for (size_t j = 0; j < to.size() && j < list.size(); j++) if (to[j] >= 0) slots[to[j]] = list[j];
      } else if (!to.empty() && to[0] >= 0) {
        slots[to[0]] = std::move(stack[i]);
      }
    }
    stack.clear();
    for (Slot s : step.frees) slots[s] = c10::IValue();
  }
  for (const Gradient& g : program.grads) {
    at::Tensor& now = program.initial[g.leaf].toTensor().mutable_grad();
    if (g.adds && now.defined()) now.add_(slots[g.after].toTensor());
    else now = g.after < 0 ? at::Tensor() : slots[g.after].toTensor();
  }
  std::vector<at::Tensor> out;
  for (Slot s : program.outputs) out.push_back(slots[s].toTensor());
  return out;
}

static const Program& programOf(Call& call, napi_value v) {
  auto* p = static_cast<Program*>(unbox(call.env, v, Magic::Program));
  if (!p) fail("ERR_TORCH_TYPE", "replay: expected a program, got " + describe(call.env, v));
  return *p;
}

// The input as the program was recorded for it; a strided one is copied, another shape refused.
static at::Tensor fit(const at::Tensor& t, const Layout& want, size_t i) {
  if (!fits(t, want)) {
    std::ostringstream text;
    text << "replay: input " << i << " is " << dtypeName(t.scalar_type()) << t.sizes() << " on " << t.device() << ", but the program was recorded for "
         << dtypeName(want.type) << at::IntArrayRef(want.sizes) << " on " << want.device;
    fail("ERR_TORCH_VALUE", text.str());
  }
  if (t.strides() == want.strides) return t;
  at::NoGradGuard guard;
  return at::empty_strided(want.sizes, want.strides, t.options()).copy_(t);
}

static std::vector<at::Tensor> fitAll(const Program& program, const std::vector<at::Tensor>& inputs) {
  if (inputs.size() != program.inputs.size())
    fail("ERR_TORCH_VALUE", "replay: the program takes " + std::to_string(program.inputs.size()) + " inputs, got " + std::to_string(inputs.size()));
  std::vector<at::Tensor> out;
  for (size_t i = 0; i < inputs.size(); i++) out.push_back(fit(inputs[i], program.inputs[i], i));
  return out;
}

// replay(program, inputs) -> outputs
EXPORT(replay) {
  refuseWhileRecording("running a program");
  const Program& program = programOf(call, call[0]);
  auto inputs = fitAll(program, toTensors(call, call[1], "replay: inputs"));
  return wrapAll(call.data, replay(program, inputs, nullptr));
}

// steps(program) -> the names of its operations, in order
EXPORT(steps) {
  const Program& program = programOf(call, call[0]);
  return jsList(call.env, program.steps.size(), [&](size_t i) { return jsString(call.env, c10::toString(program.steps[i].op.operator_name())); });
}

struct Chunk { const Program* program; int64_t start, length; };

// The work that threads share: whoever comes first takes the next chunk, or allocates the outputs.
struct Chunked {
  std::vector<Chunk> chunks;
  std::vector<at::Tensor> inputs, outputs;
  std::vector<int64_t> inputDims, outputDims;
  int64_t rows = 0;
  uint64_t seed;
  std::atomic<size_t> next{0};
  std::exception_ptr error;
  std::mutex mutex;

  void run(size_t index) {
    const Chunk& chunk = chunks[index];
    at::NoGradGuard guard;
    std::vector<at::Tensor> in;
    for (size_t i = 0; i < inputs.size(); i++)
      in.push_back(inputDims[i] < 0 ? inputs[i] : inputs[i].narrow(inputDims[i], chunk.start, chunk.length));
    at::Generator generator = at::detail::createCPUGenerator(seed + index);
    auto out = replay(*chunk.program, fitAll(*chunk.program, in), &generator);
    for (size_t i = 0; i < outputs.size(); i++) {
      {
        std::lock_guard<std::mutex> lock(mutex);
        if (!outputs[i].defined()) {
          auto shape = out[i].sizes().vec();
          if (outputDims[i] < 0 || outputDims[i] >= static_cast<int64_t>(shape.size()))
            fail("ERR_TORCH_VALUE", "outputDims: output " + std::to_string(i) + " has no dimension " + std::to_string(outputDims[i]));
          shape[outputDims[i]] = rows;
          outputs[i] = at::empty(shape, out[i].options());
        }
      }
      outputs[i].narrow(outputDims[i], chunk.start, chunk.length).copy_(out[i]);
    }
  }

  void work() {
    at::get_num_threads();   // libtorch sets the thread's count lazily; do it now,
    omp_set_num_threads(1);  // then keep each chunk on one thread
    for (size_t i; (i = next++) < chunks.size();) {
      try {
        run(i);
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex);
        if (!error) error = std::current_exception();
        next = chunks.size();
      }
    }
  }
};

// replayChunks(programs, lengths, inputs, inputDims, outputDims, threads, seed) -> outputs
// Chunk i draws from a generator seeded with seed + i, so the result does not depend on the threads.
EXPORT(replayChunks) {
  refuseWhileRecording("running a program");
  napi_env env = call.env;
  Chunked job;
  auto lengths = toInts(env, call[1], "chunks: lengths");
  job.inputs = toTensors(call, call[2], "chunks: inputs");
  job.inputDims = toInts(env, call[3], "chunks: inputDims");
  job.outputDims = toInts(env, call[4], "chunks: outputDims");
  int64_t threads = toInt(env, call[5], "chunks: threads");
  job.seed = static_cast<uint64_t>(toInt(env, call[6], "chunks: seed"));
  uint32_t n = arrayLength(env, call[0], "chunks: programs");
  if (lengths.size() != n || job.inputDims.size() != job.inputs.size() || threads < 1 || threads > 1024)
    fail("ERR_TORCH_VALUE", "chunks: arguments do not agree in number");
  job.outputs.resize(job.outputDims.size());
  for (uint32_t i = 0; i < n; i++) {
    napi_value v;
    check(env, napi_get_element(env, call[0], i, &v));
    const Program& p = programOf(call, v);
    if (p.writesHeld) fail("ERR_TORCH_VALUE", "chunks: the program writes into tensors that all chunks share");
    if (p.outputs.size() != job.outputs.size()) fail("ERR_TORCH_VALUE", "chunks: expected one output dimension per output");
    job.chunks.push_back({&p, job.rows, lengths[i]});
    job.rows += lengths[i];
  }
  std::vector<std::thread> pool;
  try {
    for (int64_t i = 0; i < threads && i < static_cast<int64_t>(n); i++) pool.emplace_back([&job] { job.work(); });
  } catch (const std::system_error&) {  // no more threads to be had: those that there are do the work
    if (pool.empty()) throw;
  }
  for (auto& t : pool) t.join();
  if (job.error) std::rethrow_exception(job.error);
  return wrapAll(call.data, job.outputs);
}

}  // namespace dsbm
