// A recorded program: the flat list of operations that one run of a function made, gradients
// included, with every tensor replaced by a numbered slot.
#pragma once
#include "engine.h"

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
  std::vector<Slot> frees;                 // slots that nobody reads afterwards
};
struct Layout {
  std::vector<int64_t> sizes, strides;
  at::ScalarType type;
  c10::Device device;
};
struct Program : Boxed {
  std::vector<Step> steps;
  std::vector<c10::IValue> initial;  // per slot: the tensor held by reference, or none
  std::vector<Layout> inputs;        // slots 0 .. inputs.size() - 1
  std::vector<Slot> outputs;
  std::vector<std::pair<Slot, Slot>> grads;  // leaf, its gradient afterwards (-1: cleared)
  bool writesHeld = false;           // writes into tensors it holds by reference
};

// Runs the program once; with a generator, every random operation draws from that one.
std::vector<at::Tensor> replay(const Program& program, const std::vector<at::Tensor>& inputs, const at::Generator* generator);

}  // namespace dsbm
