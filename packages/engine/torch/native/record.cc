// Recording: while a function runs, a fallback kernel above autograd sees every operation, those of the
// backward pass included, and writes it down; composite operations are seen as the parts they are made of.
#include "program.h"

#include <ATen/autocast_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/library.h>

#include <unordered_set>

namespace dsbm {

constexpr auto kMode = c10::DispatchKey::TESTING_ONLY_GenericMode;

// Weak references: they keep addresses unique without keeping memory, so that autograd sees the same
// reference counts as in an unrecorded run and steals the same gradients.
struct Known {
  c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl> impl;
  c10::weak_intrusive_ptr<c10::StorageImpl> storage;
  std::vector<int64_t> sizes, strides;
  int64_t offset;
  at::ScalarType type;
};

// aten::index with numbers has a fixed shape; with a mask it has not.
static bool byPosition(const torch::jit::Stack& stack) {
  for (const c10::IValue& e : stack.back().toListRef())
    if (e.isTensor() && e.toTensor().defined() && (e.toTensor().scalar_type() == at::kBool || e.toTensor().scalar_type() == at::kByte)) return false;
  return true;
}

struct Recorder {
  std::shared_ptr<Program> program = std::make_shared<Program>();
  std::vector<Known> known;
  std::unordered_map<c10::TensorImpl*, Slot> slotOf;
  std::unordered_map<c10::StorageImpl*, std::vector<Slot>> byStorage;
  std::vector<std::pair<Slot, c10::TensorImpl*>> leaves;  // held leaves and their gradient before
  std::unordered_set<c10::TensorImpl*> assigned;                  // leaves whose gradient was set by hand
  struct Input { at::Tensor original, copy; uint32_t version; };
  std::vector<Input> inputs;
  std::vector<c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>> detached;

  bool isIntermediate(Slot s) const { return program->initial[s].isNone() && s >= static_cast<Slot>(program->inputs.size()); }

  Slot add(const at::Tensor& t) {
    Slot slot = static_cast<Slot>(known.size());
    auto storage = t.has_storage() ? t.storage().getWeakStorageImpl() : c10::weak_intrusive_ptr<c10::StorageImpl>(c10::intrusive_ptr<c10::StorageImpl>());
    auto strides = t.layout() == at::kStrided ? t.strides() : at::IntArrayRef();  // a packed tensor has none
    known.push_back({c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>(t.getIntrusivePtr()), storage, t.sizes().vec(), strides.vec(), t.storage_offset(), t.scalar_type()});
    slotOf[t.unsafeGetTensorImpl()] = slot;
    if (t.has_storage()) byStorage[t.storage().unsafeGetStorageImpl()].push_back(slot);
    program->initial.emplace_back();
    return slot;
  }

  Slot hold(const at::Tensor& t) {
    Slot slot = add(t);
    program->initial[slot] = t;
    if (t.is_leaf() && t.requires_grad()) {
      at::Tensor g = t.grad();
      leaves.emplace_back(slot, g.defined() ? g.unsafeGetTensorImpl() : nullptr);
      if (g.defined() && !slotOf.count(g.unsafeGetTensorImpl())) hold(g);
    }
    return slot;
  }

  // Autograd hands saved results back under another identity: the same bytes under the same shape, or a view.
  Slot find(const at::Tensor& t, const std::string& op) {
    auto it = slotOf.find(t.unsafeGetTensorImpl());
    if (it != slotOf.end()) return it->second;
    if (t.unsafeGetTensorImpl()->is_wrapped_number()) return hold(t);
    auto same = t.has_storage() ? byStorage.find(t.storage().unsafeGetStorageImpl()) : byStorage.end();
    if (same == byStorage.end())
      fail("ERR_TORCH_RECORDING", op + " cannot be recorded: it uses a tensor that was computed before the recording began and not passed to it");
    Slot base = -1;
    for (Slot s : same->second) {
      const Known& k = known[s];
      if (k.type != t.scalar_type()) continue;
      if (k.offset == t.storage_offset() && t.sizes() == k.sizes && t.strides() == k.strides) return s;
      if (base < 0) base = s;
    }
    if (base < 0) fail("ERR_TORCH_RECORDING", op + " cannot be recorded: it reads a tensor's bytes under another dtype");
    static const auto asStrided = c10::Dispatcher::singleton().findSchemaOrThrow("aten::as_strided", "");
    Slot view = add(t);
    Step step{asStrided, {}, {{view}}, {false}, false, {}};
    step.operands.push_back({{}, {base}, Operand::One});
    for (c10::IValue v : {c10::IValue(t.sizes().vec()), c10::IValue(t.strides().vec()), c10::IValue(t.storage_offset())}) step.operands.push_back({v, {}, Operand::Constant});
    program->steps.push_back(std::move(step));
    return view;
  }

  Operand operand(const c10::IValue& v, const c10::Argument& arg, const std::string& op) {
    if (v.isTensor()) {
      if (!v.toTensor().defined()) return {c10::IValue(at::Tensor()), {}, Operand::Constant};
      return {{}, {find(v.toTensor(), op)}, Operand::One};
    }
    if (v.isTensorList() || v.isOptionalTensorList()) {
      Operand out{{}, {}, v.isTensorList() ? Operand::List : Operand::OptionalList};
      for (const c10::IValue& e : v.toListRef()) out.slots.push_back(e.isTensor() && e.toTensor().defined() ? find(e.toTensor(), op) : -1);
      return out;
    }
    auto type = arg.real_type();
    if (type->kind() == c10::TypeKind::OptionalType) type = type->castRaw<c10::OptionalType>()->getElementType();
    return {v, {}, type->kind() == c10::TypeKind::GeneratorType ? Operand::Generator : Operand::Constant};
  }

  std::vector<Slot> results(const c10::IValue& v) {
    std::vector<Slot> out;
    auto one = [&](const at::Tensor& t) {
      if (!t.defined()) return out.push_back(-1);
      auto it = slotOf.find(t.unsafeGetTensorImpl());
      out.push_back(it != slotOf.end() ? it->second : add(t));
    };
    if (v.isTensor()) one(v.toTensor());
    else if (v.isTensorList()) for (const c10::IValue& e : v.toListRef()) one(e.toTensor());
    return out;
  }

  void capture(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
    const auto& schema = op.schema();
    std::string name = c10::toString(op.operator_name());
    if (op.hasTag(at::Tag::data_dependent_output))
      fail("ERR_TORCH_RECORDING", name + " cannot be recorded: it turns values of a tensor into a number; return the tensor and read it after the run");
    if (op.hasTag(at::Tag::dynamic_output_shape) && !(schema.name() == "aten::index" && byPosition(*stack)))
      fail("ERR_TORCH_RECORDING", name + " cannot be recorded: the shape of its result depends on the values");
    if (op.hasTag(at::Tag::inplace_view) || schema.name() == "aten::resize_" || schema.name() == "aten::set_")
      fail("ERR_TORCH_RECORDING", name + " cannot be recorded: it changes a tensor's shape in place");
    // What returns nothing is there for what it does: an assertion.
    bool keep = schema.is_mutable() || schema.returns().empty() || op.hasTag(at::Tag::nondeterministic_seeded);
    Step step{op, {}, {}, {}, keep, {}};
    size_t n = schema.arguments().size(), first = stack->size() - n;
    for (size_t i = 0; i < n; i++) step.operands.push_back(operand((*stack)[first + i], schema.arguments()[i], name));
    {
      c10::impl::ExcludeDispatchKeyGuard below(kMode);
      op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kMode), stack);
    }
    // A detached intermediate is the intermediate: replays have no graph.
    if (schema.name() == "aten::detach" && isIntermediate(step.operands[0].slots[0])) {
      slotOf[stack->back().toTensor().unsafeGetTensorImpl()] = step.operands[0].slots[0];
      detached.emplace_back(stack->back().toTensor().getIntrusivePtr());
      return;
    }
    bool tensors = false;
    for (size_t i = first; i < stack->size(); i++) {
      step.results.push_back(results((*stack)[i]));
      step.listResult.push_back((*stack)[i].isTensorList());
      tensors = tensors || !step.results.back().empty();
    }
    // Facts about shapes need no replay: a program is for one shape.
    if (tensors || step.keep) program->steps.push_back(std::move(step));
  }

  void finish(const std::vector<at::Tensor>& outputs) {
    for (const auto& t : outputs) program->outputs.push_back(find(t, "the result"));
    for (auto [leaf, before] : leaves) {
      at::Tensor g = program->initial[leaf].toTensor().grad();
      bool byHand = assigned.count(program->initial[leaf].toTensor().unsafeGetTensorImpl()) > 0;
      if (before && !byHand) program->expected.emplace_back(leaf, slotOf[before]);
      if (!byHand && (g.defined() ? g.unsafeGetTensorImpl() : nullptr) == before) continue;
      program->grads.push_back({leaf, g.defined() ? find(g, "a gradient") : -1, !byHand && !before});
    }
    for (Slot s = 0; s < static_cast<Slot>(known.size()); s++)
      if (const c10::IValue& v = program->initial[s]; v.isTensor())
        program->held.push_back({s, layoutOf(v.toTensor()), placeOf(v.toTensor())});
    std::unordered_map<c10::StorageImpl*, size_t> memory;
    for (const Known& k : known)
      program->slots.push_back({{k.sizes, k.strides, k.type, c10::Device(c10::kCPU)}, memory.emplace(k.storage._unsafe_get_target(), memory.size()).first->second});
    prune();
  }

  // Eliminates unused operations, then records the last use of each slot.
  void prune() {
    std::vector<bool> needed(known.size(), false);
    for (Slot s : program->outputs) needed[s] = true;
    for (const auto& g : program->grads) if (g.after >= 0) needed[g.after] = true;
    std::vector<bool> last = needed;  // never freed
    std::vector<Step> kept;
    for (auto step = program->steps.rbegin(); step != program->steps.rend(); ++step) {
      bool use = step->keep;
      for (const auto& r : step->results) for (Slot s : r) use = use || (s >= 0 && needed[s]);
      if (!use) continue;
      auto touch = [&](Slot s) {
        if (s < 0) return;
        needed[s] = true;
        if (!last[s] && isIntermediate(s)) step->frees.push_back(s);
        last[s] = true;
      };
      for (const auto& o : step->operands) for (Slot s : o.slots) touch(s);
      for (const auto& r : step->results) for (Slot s : r) touch(s);
      kept.push_back(std::move(*step));
    }
    program->steps.assign(std::make_move_iterator(kept.rbegin()), std::make_move_iterator(kept.rend()));
    auto unused = [&](const std::pair<Slot, Slot>& e) { return !needed[e.second]; };
    program->expected.erase(std::remove_if(program->expected.begin(), program->expected.end(), unused), program->expected.end());
    auto written = writtenBy(*program);
    program->writesHeld = !program->grads.empty();
    for (const Held& held : program->held) program->writesHeld |= written.count(program->slots[held.slot].second) > 0;
  }
};

static thread_local Recorder* active = nullptr;

bool recording() { return active != nullptr; }
void noteTensor(const at::Tensor& t) {
  if (t.defined() && !active->slotOf.count(t.unsafeGetTensorImpl())) active->hold(t);
}
void noteGradient(const at::Tensor& leaf) { if (active) active->assigned.insert(leaf.unsafeGetTensorImpl()); }
void refuseWhileRecording(const char* what) {
  if (active) fail("ERR_TORCH_RECORDING", std::string(what) + " cannot be recorded: do it before the recording, or return the tensor and do it after the run");
}

// The key under which an operation is made of others, if it is. Random ones are taken apart down to the
// one that names a generator, so that a replay can put its own in the place.
static c10::DispatchKey compositeKey(const c10::OperatorHandle& op) {
  using K = c10::DispatchKey;
  if (op.hasKernelForDispatchKey(K::CPU) || op.hasKernelForDispatchKey(K::CUDA)) return K::Undefined;
  if (op.hasKernelForDispatchKey(K::CompositeImplicitAutograd)) return K::CompositeImplicitAutograd;
  bool random = op.hasTag(at::Tag::nondeterministic_seeded) && !op.schema().is_mutable();
  return random && op.hasKernelForDispatchKey(K::CompositeExplicitAutograd) ? K::CompositeExplicitAutograd : K::Undefined;
}

static void intercept(const c10::OperatorHandle& op, c10::DispatchKeySet keys, torch::jit::Stack* stack) {
  // Autocast lies below: it comes back with its casts, and with itself left out, which is what is recorded.
  constexpr c10::DispatchKeySet casts({c10::DispatchKey::AutocastCPU, c10::DispatchKey::AutocastCUDA});
  if (active && keys.has_any(casts)) return op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kMode), stack);
  auto composite = active ? compositeKey(op) : c10::DispatchKey::Undefined;
  if (composite != c10::DispatchKey::Undefined) return op.callBoxedForDispatchKey(composite, *stack);
  if (active) return active->capture(op, keys, stack);
  c10::impl::ExcludeDispatchKeyGuard below(kMode);
  op.redispatchBoxed(keys & c10::DispatchKeySet(c10::DispatchKeySet::FULL_AFTER, kMode), stack);
}
TORCH_LIBRARY_IMPL(_, TESTING_ONLY_GenericMode, m) { m.fallback(torch::CppFunction::makeFromBoxedFunction<&intercept>()); }

void abortRecording() {
  if (!active) return;
  c10::impl::tls_set_dispatch_key_included(kMode, false);
  at::autocast::clear_cache();
  delete active;
  active = nullptr;
}

// recordBegin(inputs) -> the tensors to call the function with: copies, so that no two share memory
EXPORT(recordBegin) {
  auto inputs = toTensors(call, call[0], "record: inputs");
  refuseWhileRecording("a recording inside a recording");  // asked last: a hostile list may begin one
  giveBackBlocks();
  auto recorder = std::make_unique<Recorder>();
  at::NoGradGuard guard;
  for (at::Tensor& t : inputs) {
    if (t.requires_grad()) fail("ERR_TORCH_RECORDING", "record: an input requires grad; inputs are data, make it a tensor that the function uses by itself");
    at::Tensor copy = t.is_contiguous() ? at::clone(t, at::MemoryFormat::Contiguous) : at::clone(t);
    recorder->add(copy);
    recorder->program->inputs.push_back(layoutOf(copy));
    recorder->inputs.push_back({std::exchange(t, copy), copy, copy._version()});
  }
  napi_value copies = wrapAll(call.data, inputs);
  active = recorder.release();
  c10::impl::tls_set_dispatch_key_included(kMode, true);
  return copies;
}

// recordEnd(outputs) -> program
EXPORT(recordEnd) {
  auto outputs = toTensors(call, call[0], "record: result");
  if (!active) fail("ERR_TORCH_RECORDING", "recordEnd: no recording is under way");
  c10::impl::tls_set_dispatch_key_included(kMode, false);
  active->finish(outputs);
  for (auto& [original, copy, version] : active->inputs) {  // the function wrote into its input
    at::NoGradGuard guard;
    if (copy._version() != version) original.copy_(copy);
  }
  auto program = std::move(active->program);
  abortRecording();
  fold(*program);
  // A step with its operands, schemas and slots: else thousands of forgotten programs would wait for the collector.
  constexpr int64_t kStepBytes = 1024;
  int64_t bytes = kStepBytes * static_cast<int64_t>(program->steps.size() + program->plan.size());
  call.data->unreported += bytes;
  settle(call.data);
  return makeExternal(call.data, new ProgramHandle{{Magic::Program, call.data}, std::move(program), bytes});
}

ACTION(recordAbort) { abortRecording(); }

// autocast(dtype | null): matrix products and convolutions take that dtype, as PyTorch has it. A weight is cast once: until
// the next change, or in a recording without gradients, in all of it.
ACTION(autocast) {
  bool on = typeOf(call.env, call[0]) != napi_null;
  for (auto device : {at::kCPU, at::kCUDA}) {
    if (on) at::autocast::set_autocast_dtype(device, toDtype(call.env, call[0], "autocast"));
    at::autocast::set_autocast_enabled(device, on);
  }
  if (!active || at::GradMode::is_enabled()) at::autocast::clear_cache();
}

}  // namespace dsbm
