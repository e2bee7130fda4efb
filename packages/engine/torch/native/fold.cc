// What of a recorded program need not be done at each replay: operations on constants alone are done once, views of
// tensors that the program holds are taken once, and a plain number beside a tensor becomes a tensor once.
#include "program.h"

namespace dsbm {

// A folded tensor stays in memory for as long as the program.
constexpr int64_t kMostFolded = 1 << 16;

// self ∘ number as libtorch does it, with the number as a tensor: the same bits, without making that tensor each time.
static void lowerNumber(Step& step) {
  static const std::unordered_set<std::string> arithmetic = {"aten::add", "aten::sub", "aten::mul", "aten::div", "aten::rsub"};
  auto [name, overload] = step.op.operator_name();
  if (overload != "Scalar" || !arithmetic.count(name)) return;
  at::Tensor number = c10::scalar_to_tensor(step.operands[1].constant.toScalar());
  number.unsafeGetTensorImpl()->set_wrapped_number(true);
  step.operands[1] = {number, {}, Operand::Constant};
  bool isReversed = name == "aten::rsub";
  if (isReversed) std::swap(step.operands[0], step.operands[1]);
  step.op = c10::Dispatcher::singleton().findSchemaOrThrow(isReversed ? "aten::sub" : name.c_str(), "Tensor");
}

std::unordered_set<size_t> writtenBy(const Program& program) {
  std::unordered_set<size_t> memory;
  for (const Step& step : program.steps)
    for (size_t i = 0; i < step.operands.size(); i++) {
      const auto* info = step.op.schema().arguments()[i].alias_info();
      if (info && info->isWrite()) for (Slot s : step.operands[i].slots) if (s >= 0) memory.insert(program.slots[s].second);
    }
  return memory;
}

void fold(Program& program) {
  program.ready = program.initial;
  auto memoryOf = [&](Slot s) { return program.slots[s].second; };
  // Memory that is written to, or that a caller gets, is another one at each replay.
  std::unordered_set<size_t> fresh = writtenBy(program);
  for (Slot s : program.outputs) fresh.insert(memoryOf(s));
  for (const Gradient& g : program.grads) if (g.after >= 0) fresh.insert(memoryOf(g.after));
  std::vector<bool> constant(program.slots.size(), false), standing(program.slots.size(), false);
  for (const Held& held : program.held) standing[held.slot] = true;
  auto isFoldable = [&](const Step& step) {
    if (step.keep) return false;
    const auto& returns = step.op.schema().returns();
    bool isConstant = true, isView = !returns.empty();
    for (const Operand& o : step.operands) {
      if (o.kind == Operand::Generator) return false;
      for (Slot s : o.slots) isConstant = isConstant && s >= 0 && constant[s], isView = isView && s >= 0 && standing[s];
    }
    for (size_t k = 0; k < step.results.size(); k++) {
      isView = isView && returns[k].alias_info() && !step.listResult[k];
      for (Slot s : step.results[k]) {
        if (s < 0 || fresh.count(memoryOf(s)) || c10::multiply_integers(program.slots[s].first.sizes) > kMostFolded) isConstant = false;
        if (s < 0) isView = false;
      }
    }
    for (const auto& r : step.results) for (Slot s : r) if (s >= 0) constant[s] = isConstant, standing[s] = isView;
    return isConstant || isView;
  };
  at::AutoDispatchBelowADInplaceOrView below;
  for (const Step& step : program.steps) {
    if (!isFoldable(step)) {
      lowerNumber(program.plan.emplace_back(step));
      continue;
    }
    Step once = step;
    once.frees.clear();  // what it is the last to use is used at each replay
    run({once}, program.ready, nullptr);
  }
}

}  // namespace dsbm
