// A recorded program laid open, for those who write it in another form, such as ONNX.
#include "program.h"

namespace dsbm {

static napi_value operandOf(Env* data, const Operand& o) {
  napi_env env = data->env;
  napi_value out = made(env, napi_create_object);
  auto set = [&](const char* key, napi_value v) { check(env, napi_set_named_property(env, out, key, v)); };
  auto slots = [&] { return jsList(env, o.slots.size(), [&](size_t i) { return jsNumber(env, o.slots[i]); }); };
  if (o.kind == Operand::One) set("slot", jsNumber(env, o.slots[0]));
  else if (o.kind == Operand::List || o.kind == Operand::OptionalList) set("slots", slots());
  else if (o.constant.isTensor() || o.constant.isGenerator()) set("value", made(env, napi_get_null));
  else if (o.constant.isDevice()) set("value", jsString(env, o.constant.toDevice().str()));
  else set("value", toJs(data, o.constant));
  return out;
}

static napi_value nameOf(napi_env env, const Step& step) { return jsString(env, c10::toString(step.op.operator_name())); }

// steps(program) -> the names of its operations, in order
EXPORT(steps) {
  const auto& steps = programOf(call.env, call[0], "describe")->steps;
  return jsList(call.env, steps.size(), [&](size_t i) { return nameOf(call.env, steps[i]); });
}

// describe(program) -> outputs (slots), slots, steps. A slot is a tensor at the time of the
// recording: dtype, shape, the number of its memory (views share it), the tensor that is held, and whether that is a
// plain number of the function. A step is an operation's name, its arguments by name, and the slots of its results.
EXPORT(describe) {
  napi_env env = call.env;
  const Program& program = *programOf(call.env, call[0], "describe");
  auto object = [&](std::initializer_list<std::pair<const char*, napi_value>> fields) {
    napi_value out = made(env, napi_create_object);
    for (auto& [key, v] : fields) check(env, napi_set_named_property(env, out, key, v));
    return out;
  };
  auto numbers = [&](const auto& list) { return jsList(env, list.size(), [&](size_t i) { return jsNumber(env, static_cast<double>(list[i])); }); };
  napi_value slots = jsList(env, program.slots.size(), [&](size_t i) {
    const auto& [layout, memory] = program.slots[i];
    const c10::IValue& held = program.initial[i];
    bool number = held.isTensor() && held.toTensor().unsafeGetTensorImpl()->is_wrapped_number();
    return object({{"dtype", jsString(env, dtypeName(layout.type))},
                   {"shape", numbers(layout.sizes)},
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
    return object({{"name", nameOf(env, step)},
                   {"args", args},
                   {"results", jsList(env, step.results.size(), [&](size_t k) { return numbers(step.results[k]); })}});
  });
  return object({{"outputs", numbers(program.outputs)}, {"slots", slots}, {"steps", steps}});
}

}  // namespace dsbm
