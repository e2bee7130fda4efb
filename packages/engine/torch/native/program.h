// A recorded program: the flat list of operations that one run of a function made, gradients
// included, with every tensor replaced by a numbered slot.
#pragma once
#include "engine.h"
#include "planned.h"

namespace dsbm {

using Slot = int32_t;

struct Operand {
  c10::IValue constant;      // when there are no slots
  std::vector<Slot> slots;   // one, or several for a list; -1 is "no tensor"
  enum { Constant, One, List, OptionalList, Generator } kind = Constant;
};
struct Step {
  c10::OperatorHandle op;
  std::vector<Operand> operands;
  std::vector<std::vector<Slot>> results;  // per return, its tensors
  std::vector<bool> listResult;
  bool keep;                               // writes into a tensor or draws random numbers
  std::vector<Slot> frees;                 // slots that are not read afterwards
};
struct Layout {
  std::vector<int64_t> sizes, strides;
  at::ScalarType type;
  c10::Device device;
};
// Where the elements of a tensor are.
struct Place {
  const c10::StorageImpl* storage;
  size_t bytes;
  int64_t offset;
  bool operator==(const Place& o) const { return storage == o.storage && bytes == o.bytes && offset == o.offset; }
};
inline Place placeOf(const at::Tensor& t) {
  if (!t.has_storage()) return {nullptr, 0, 0};
  return {t.storage().unsafeGetStorageImpl(), t.storage().nbytes(), t.storage_offset()};
}
struct Held {
  Slot slot;
  Layout layout;
  Place place;
};
inline Layout layoutOf(const at::Tensor& t) { return {t.sizes().vec(), t.strides().vec(), t.scalar_type(), t.device()}; }
inline bool fits(const at::Tensor& t, const Layout& want) { return t.sizes() == want.sizes && t.scalar_type() == want.type && t.device() == want.device; }
inline std::ostream& operator<<(std::ostream& out, const Layout& l) { return out << dtypeName(l.type) << at::IntArrayRef(l.sizes) << " on " << l.device; }
struct Gradient {
  Slot leaf, after;  // -1: cleared
  bool adds;         // to a gradient that is there by then: it had none when recorded
};
struct Program {
  std::vector<Step> steps;
  std::vector<c10::IValue> initial;  // per slot: the tensor held by reference, or none
  std::vector<Layout> inputs;        // slots 0 .. inputs.size() - 1
  std::vector<Held> held;            // as the tensors in `initial` were
  std::vector<Slot> outputs;
  std::vector<Gradient> grads;
  std::vector<std::pair<Slot, Slot>> expected;  // leaf, the held gradient that the steps add to
  std::vector<std::pair<Layout, size_t>> slots;  // every tensor as it was recorded, and the number of its memory
  bool writesHeld = false;           // writes into tensors it holds by reference
  std::vector<Step> plan;            // what a replay does of the steps, beginning with `ready`: see fold.cc
  std::vector<c10::IValue> ready;
  std::shared_ptr<PlannedMemory> memory = std::make_shared<PlannedMemory>(), chunkMemory = std::make_shared<PlannedMemory>();
};

struct ProgramHandle : Boxed {
  std::shared_ptr<const Program> program;  // shared with the threads that run it
  int64_t bytes = 0;                       // about; reported to the garbage collector
};
inline void drop(ProgramHandle* h) { h->env->unreported -= h->bytes; }
inline const std::shared_ptr<const Program>& programOf(napi_env env, napi_value v, const char* what) {
  return opened<ProgramHandle>(env, v, Magic::Program, what, "a program")->program;
}

// Runs steps on slots.
void run(const std::vector<Step>& steps, std::vector<c10::IValue>& slots, const at::Generator* generator);

// Makes the plan of a program that is recorded whole.
void fold(Program& program);

// Numbers of the memory that its steps write to.
std::unordered_set<size_t> writtenBy(const Program& program);

// Runs the program once; with a generator, every random operation draws from that one.
std::vector<at::Tensor> replay(const Program& program, const std::vector<at::Tensor>& inputs, const at::Generator* generator);

}  // namespace dsbm
