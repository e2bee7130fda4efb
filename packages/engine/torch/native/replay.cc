// Replaying: the steps of a program one after the other below autograd, with no JavaScript between them;
// or many chunks of rows side by side, each on one thread with a generator of its own.
#include "program.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <omp.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace dsbm {

constexpr Magic kChunked = static_cast<Magic>(0x7d5b0011);

template <class T>
static c10::IValue listOf(const Operand& o, const std::vector<c10::IValue>& slots) {
  c10::List<T> list;
  list.reserve(o.slots.size());
  for (Slot s : o.slots) list.push_back(s < 0 ? T() : T(slots[s].toTensor()));
  return list;
}
static c10::IValue load(const Operand& o, const std::vector<c10::IValue>& slots, const at::Generator* generator) {
  switch (o.kind) {
    case Operand::Constant: return o.constant;
    case Operand::One: return slots[o.slots[0]];
    case Operand::Generator: return generator ? c10::IValue(*generator) : o.constant;
    case Operand::List: return listOf<at::Tensor>(o, slots);
    case Operand::OptionalList: return listOf<std::optional<at::Tensor>>(o, slots);
  }
  return {};
}

void run(const std::vector<Step>& steps, std::vector<c10::IValue>& slots, const at::Generator* generator) {
  torch::jit::Stack stack;
  for (const Step& step : steps) {
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
}

std::vector<at::Tensor> replay(const Program& program, const std::vector<at::Tensor>& inputs, const at::Generator* generator) {
  at::AutoDispatchBelowADInplaceOrView below;
  at::AutoGradMode off(false);
  for (const auto& [slot, layout, place] : program.held) {
    const at::Tensor& t = program.initial[slot].toTensor();
    if (!fits(t, layout) || t.strides() != layout.strides || !(placeOf(t) == place))
      fail("ERR_TORCH_VALUE", "replay: a tensor that the program holds has another shape, dtype, strides or memory than when it was recorded; record anew");
  }
  for (auto [leaf, gradient] : program.expected)
    if (program.initial[leaf].toTensor().grad().unsafeGetTensorImpl() != program.initial[gradient].toTensor().unsafeGetTensorImpl())
      fail("ERR_TORCH_VALUE", "replay: a gradient that the program adds to was replaced or cleared since it was recorded; clear gradients inside the recorded function");
  std::vector<c10::IValue> slots = program.ready;
  for (size_t i = 0; i < inputs.size(); i++) slots[i] = inputs[i];
  {
    PlannedScope scope(*program.memory, program.grads.empty());
    run(program.plan, slots, generator);
    scope.finish();
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

// The inputs as the program was recorded for them; a strided one is copied, another shape refused.
static std::vector<at::Tensor> fitAll(const Program& program, std::vector<at::Tensor> inputs) {
  if (inputs.size() != program.inputs.size())
    fail("ERR_TORCH_VALUE", "replay: the program takes " + std::to_string(program.inputs.size()) + " inputs, got " + std::to_string(inputs.size()));
  at::NoGradGuard guard;
  for (size_t i = 0; i < inputs.size(); i++) {
    const Layout& want = program.inputs[i];
    if (!fits(inputs[i], want))
      fail("ERR_TORCH_VALUE", c10::str("replay: input ", i, " is ", layoutOf(inputs[i]), ", but the program was recorded for ", want));
    if (inputs[i].strides() != want.strides) inputs[i] = at::empty_strided(want.sizes, want.strides, inputs[i].options()).copy_(inputs[i]);
  }
  return inputs;
}

// replay(program, inputs, only) -> outputs; null where the program is for others and is to run for its own only
EXPORT(replay) {
  refuseWhileRecording("running a program");
  const Program& program = *programOf(call.env, call[0], "replay");
  auto inputs = toTensors(call, call[1], "replay: inputs");
  auto isFor = [&] { return inputs.size() == program.inputs.size() && std::equal(inputs.begin(), inputs.end(), program.inputs.begin(), fits); };
  if (toBool(call.env, call[2], "replay") && !isFor()) return made(call.env, napi_get_null);
  return wrapAll(call.data, replay(program, fitAll(program, std::move(inputs)), nullptr));
}

// While it lives, operations of this thread take no other.
struct OneThread {
  int before = omp_get_max_threads();
  OneThread() { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before); }
};

// The program without those steps that depend on nothing that differs between chunks, weights that are packed and embeddings
// of times among them: these are made here, once for all chunks. On one thread, as in a chunk.
static std::shared_ptr<const Program> settled(const std::shared_ptr<const Program>& program) {
  auto written = writtenBy(*program);
  std::vector<bool> known(program->ready.size());
  for (size_t s = 0; s < known.size(); s++) known[s] = !program->ready[s].isNone();
  std::vector<Step> once;
  auto rest = std::make_shared<Program>(*program);
  rest->plan.clear();
  rest->memory = program->chunkMemory;
  for (const Step& step : program->plan) {
    bool same = !step.keep;
    for (const Operand& o : step.operands) {
      same = same && o.kind != Operand::Generator;
      for (Slot s : o.slots) same = same && (s < 0 || known[s]);
    }
    for (const auto& to : step.results) for (Slot s : to) same = same && (s < 0 || !written.count(program->slots[s].second));
    for (const auto& to : step.results) for (Slot s : to) if (s >= 0) known[s] = same;
    (same ? once : rest->plan).push_back(step);
    if (same) once.back().frees.clear();  // steps before it, which run after it now, may use the same
  }
  if (once.empty()) return program;
  at::AutoDispatchBelowADInplaceOrView below;
  at::AutoGradMode off(false);
  OneThread alone;
  run(once, rest->ready, nullptr);
  return rest;
}

struct Chunk {
  std::shared_ptr<const Program> program;
  int64_t start, length;
};

// Work that threads share, while JavaScript goes on.
struct Chunked : Boxed {
  std::vector<Chunk> chunks;
  std::vector<at::Tensor> inputs, outputs;
  std::vector<int64_t> inputDims, outputDims;
  uint64_t seed = 0;
  size_t next = 0, running = 0, threads = 1;  // the threads with the one that waits for the end
  std::exception_ptr error;

  void run(size_t index) {
    const Chunk& chunk = chunks[index];
    at::NoGradGuard guard;
    std::vector<at::Tensor> in = inputs;
    for (size_t i = 0; i < in.size(); i++)
      if (inputDims[i] >= 0) in[i] = in[i].narrow(inputDims[i], chunk.start, chunk.length);
    at::Generator generator = at::detail::createCPUGenerator(seed + index);
    auto out = replay(*chunk.program, fitAll(*chunk.program, in), &generator);
    for (size_t i = 0; i < out.size(); i++) outputs[i].narrow(outputDims[i], chunk.start, chunk.length).copy_(out[i]);
  }
  void stop() { next = chunks.size(); }  // after those in progress
  void end(bool stopping);
  ~Chunked() { end(true); }
};

// The jobs of one JavaScript in the order in which they were begun, and the threads that work on them, whoever comes
// first taking the next chunk of the first one that has any: runs begun early do not hold up those before them.
struct Queue {
  std::mutex mutex;
  std::condition_variable moved;
  std::vector<Chunked*> jobs;
  size_t working = 0;  // threads

  // Runs a chunk without the lock that is held; false where none is left.
  bool step(std::unique_lock<std::mutex>& lock) {
    auto found = std::find_if(jobs.begin(), jobs.end(), [](Chunked* job) { return job->next < job->chunks.size(); });
    if (found == jobs.end()) return false;
    Chunked* job = *found;
    size_t index = job->next++;
    job->running++;
    lock.unlock();
    std::exception_ptr error;
    try {
      job->run(index);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    job->running--;
    if (error) job->stop();
    if (!job->error) job->error = error;
    moved.notify_all();
    return true;
  }

  void work() {
    at::get_num_threads();   // libtorch sets the thread's count lazily; do it now,
    omp_set_num_threads(1);  // then keep each chunk on one thread
    std::unique_lock<std::mutex> lock(mutex);
    while (step(lock)) {
    }
    working--;
  }
};
static Queue& queue() {
  static thread_local auto* q = new Queue;  // never destroyed: its threads are detached, and a process may end in the middle
  return *q;
}

// Waits, helping meanwhile with this and later jobs; then lets the tensors go: the collector may come for the rest much later.
void Chunked::end(bool stopping) {
  Queue& q = queue();
  auto found = std::find(q.jobs.begin(), q.jobs.end(), this);
  if (found == q.jobs.end()) return;
  std::optional<OneThread> alone;
  std::unique_lock<std::mutex> lock(q.mutex);
  if (stopping) stop();
  bool helps = !stopping && !recording() && (threads > 1 || q.working == 0);
  if (helps) alone.emplace();
  while (next < chunks.size() || running) if (!helps || !q.step(lock)) q.moved.wait(lock);
  q.jobs.erase(found);
  lock.unlock();
  chunks.clear();
  inputs.clear();
  outputs.clear();
}

// startChunks(programs, lengths, inputs, inputDims, outputs, outputDims, threads, seed) -> job, which fills the outputs on
// threads of its own, one less than there may be: whoever waits for the end is the other one.
// Chunk i draws from a generator seeded with seed + i, so the result does not depend on the threads.
EXPORT(startChunks) {
  refuseWhileRecording("running a program");
  napi_env env = call.env;
  auto job = std::make_unique<Chunked>();
  job->magic = kChunked;
  job->env = call.data;
  auto lengths = toInts(env, call[1], "chunks: lengths");
  job->inputs = toTensors(call, call[2], "chunks: inputs");
  job->inputDims = toInts(env, call[3], "chunks: inputDims");
  job->outputs = toTensors(call, call[4], "chunks: outputs");
  job->outputDims = toInts(env, call[5], "chunks: outputDims");
  job->threads = std::min<size_t>(std::max<int64_t>(toInt(env, call[6], "chunks: threads"), 1), lengths.size());
  job->seed = static_cast<uint64_t>(toInt(env, call[7], "chunks: seed"));
  int64_t rows = 0;
  for (uint32_t i = 0; i < lengths.size(); rows += lengths[i++])
    job->chunks.push_back({programOf(env, made(env, napi_get_element, call[0], i), "replay"), rows, lengths[i]});
  std::unordered_map<const Program*, std::shared_ptr<const Program>> once;
  for (Chunk& c : job->chunks) {
    if (c.program->writesHeld) fail("ERR_TORCH_VALUE", "chunks: the program writes into tensors that all chunks share");
    auto& found = once[c.program.get()];
    c.program = found = found ? found : settled(c.program);
  }
  Queue& q = queue();
  std::lock_guard<std::mutex> lock(q.mutex);
  q.jobs.push_back(job.get());
  try {
    for (; q.working < std::max<size_t>(job->threads - 1, 1); q.working++) std::thread([&q] { q.work(); }).detach();
  } catch (const std::system_error&) {  // no more threads to be had: those that there are do the work
  }
  return makeExternal(call.data, job.release());
}

// finishChunks(job, stop): waits for it and throws what a chunk threw; or ends it early, whatever happened
ACTION(finishChunks) {
  auto* job = opened<Chunked>(call.env, call[0], kChunked, "finishChunks", "a job");
  bool stop = toBool(call.env, call[1], "finishChunks");
  job->end(stop);
  if (job->error && !stop) std::rethrow_exception(job->error);
}

}  // namespace dsbm
