// A recorded program laid open, for those who write it in another form, such as ONNX.
#include "program.h"

namespace dsbm {

static napi_value object(napi_env env, std::initializer_list<std::pair<const char*, napi_value>> fields) {
  napi_value out = made(env, napi_create_object);
  for (auto& [key, v] : fields) check(env, napi_set_named_property(env, out, key, v));
  return out;
}

static napi_value operandOf(Env* data, const Operand& o) {
  napi_env env = data->env;
  if (o.kind == Operand::One) return object(env, {{"slot", jsNumber(env, o.slots[0])}});
  if (o.kind == Operand::List || o.kind == Operand::OptionalList) return object(env, {{"slots", jsNumbers(env, o.slots)}});
  if (o.constant.isTensor() || o.constant.isGenerator()) return object(env, {{"value", made(env, napi_get_null)}});
  return object(env, {{"value", o.constant.isDevice() ? jsString(env, o.constant.toDevice().str()) : toJs(data, o.constant)}});
}

// describe(program) -> outputs (slots), slots, steps. A slot is a tensor at the time of the
// recording: dtype, shape, the number of its memory (views share it), the tensor that is held, and whether that is a
// plain number of the function. A step is an operation's name, its arguments by name, and the slots of its results.
EXPORT(describe) {
  napi_env env = call.env;
  const Program& program = *programOf(call.env, call[0], "describe");
  napi_value slots = jsList(env, program.slots.size(), [&](size_t i) {
    const auto& [layout, memory] = program.slots[i];
    const c10::IValue& held = program.initial[i];
    bool number = held.isTensor() && held.toTensor().unsafeGetTensorImpl()->is_wrapped_number();
    return object(env, {{"dtype", jsString(env, dtypeName(layout.type))},
                   {"shape", jsNumbers(env, layout.sizes)},
                   {"memory", jsNumber(env, static_cast<double>(memory))},
                   {"held", held.isTensor() ? wrap(call.data, held.toTensor()) : made(env, napi_get_null)},
                   {"isNumber", jsBool(env, number)}});
  });
  napi_value steps = jsList(env, program.steps.size(), [&](size_t i) {
    const Step& step = program.steps[i];
    const auto& schema = step.op.schema().arguments();
    napi_value args = made(env, napi_create_object);
    for (size_t k = 0; k < step.operands.size(); k++)
      check(env, napi_set_named_property(env, args, schema[k].name().c_str(), operandOf(call.data, step.operands[k])));
    return object(env, {{"name", jsString(env, c10::toString(step.op.operator_name()))},
                   {"args", args},
                   {"results", jsList(env, step.results.size(), [&](size_t k) { return jsNumbers(env, step.results[k]); })}});
  });
  return object(env, {{"outputs", jsNumbers(env, program.outputs)}, {"slots", slots}, {"steps", steps}});
}

}  // namespace dsbm
