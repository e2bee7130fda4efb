// The one way to an operation: its schema is parsed once, then every call is boxed by the dispatcher.
#include "engine.h"

#include <torch/csrc/api/include/torch/version.h>

namespace dsbm {

static Kind kindOf(const c10::TypePtr& type) {
  using c10::TypeKind;
  switch (type->kind()) {
    case TypeKind::TensorType: return Kind::Tensor;
    case TypeKind::IntType: case TypeKind::SymIntType: return Kind::Int;
    case TypeKind::FloatType: return Kind::Float;
    case TypeKind::BoolType: return Kind::Bool;
    case TypeKind::NumberType: return Kind::Scalar;
    case TypeKind::StringType: return Kind::Str;
    case TypeKind::ScalarTypeType: return Kind::Dtype;
    case TypeKind::LayoutType: return Kind::Layout;
    case TypeKind::MemoryFormatType: return Kind::MemoryFormat;
    case TypeKind::DeviceObjType: return Kind::Device;
    case TypeKind::GeneratorType: return Kind::Generator;
    case TypeKind::ListType: {
      auto element = type->castRaw<c10::ListType>()->getElementType();
      if (element->kind() == TypeKind::OptionalType)
        return kindOf(element->castRaw<c10::OptionalType>()->getElementType()) == Kind::Tensor ? Kind::OptTensorList : Kind::Unsupported;
      switch (kindOf(element)) {
        case Kind::Tensor: return Kind::TensorList;
        case Kind::Int: return Kind::IntList;
        case Kind::Float: return Kind::FloatList;
        case Kind::Bool: return Kind::BoolList;
        case Kind::Scalar: return Kind::ScalarList;
        default: return Kind::Unsupported;
      }
    }
    default: return Kind::Unsupported;
  }
}

static Arg parseArg(const c10::Argument& a) {
  c10::TypePtr type = a.real_type();
  bool optional = type->kind() == c10::TypeKind::OptionalType;
  if (optional) type = type->castRaw<c10::OptionalType>()->getElementType();
  return {a.name(), kindOf(type), optional, a.N().value_or(0), a.default_value()};
}

static Op parse(const std::string& name, const std::string& overload) {
  auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  std::string full = overload.empty() ? name : name + "." + overload;
  if (!found) fail("ERR_TORCH_MISSING_OP", full + " is not an operation of this libtorch (" + TORCH_VERSION + ")");
  const auto& schema = found->schema();
  Op op{*found, full, {}, {}, checkOf(name, overload)};
  for (const auto& a : schema.arguments()) op.args.push_back(parseArg(a));
  if (op.args.size() + 1 > kMaxArgs) fail("ERR_TORCH_TYPE", full + " has too many arguments to be called from JavaScript");
  for (const auto& r : schema.returns()) {
    int alias = -1;
    if (r.alias_info() && r.alias_info()->isWrite())
      for (size_t i = 0; i < op.args.size(); i++) {
        const auto* info = schema.arguments()[i].alias_info();
        if (info && info->isWrite() && info->beforeSets() == r.alias_info()->beforeSets()) alias = static_cast<int>(i);
      }
    op.aliasOf.push_back(alias);
  }
  return op;
}

// lookup("aten::add", "Tensor") -> index for call()
EXPORT(lookup) {
  std::string name = toString(call.env, call[0], "lookup"), overload = toString(call.env, call[1], "lookup");
  std::string key = name + "." + overload;
  auto it = call.data->opIndex.find(key);
  if (it == call.data->opIndex.end()) {
    call.data->ops.push_back(parse(name, overload));
    it = call.data->opIndex.emplace(key, static_cast<uint32_t>(call.data->ops.size() - 1)).first;
  }
  return jsNumber(call.env, it->second);
}

// call(index, ...arguments in schema order) -> tensor handle, value, or array of them
EXPORT(call) {
  napi_env env = call.env;
  uint32_t index = 0;
  if (napi_get_value_uint32(env, call[0], &index) != napi_ok || index >= call.data->ops.size())
    fail("ERR_TORCH_TYPE", "call: not an operation index");
  // A copy would cost more than the call; the handle is stable while no JavaScript runs.
  const Op& op = call.data->ops[index];
  if (call.argc > op.args.size() + 1)
    fail("ERR_TORCH_TYPE", op.name + ": takes at most " + std::to_string(op.args.size()) + " arguments, got " + std::to_string(call.argc - 1));
  torch::jit::Stack stack;
  stack.reserve(op.args.size());
  for (size_t i = 0; i < op.args.size(); i++) stack.push_back(toIValue(call, call[i + 1], op, op.args[i]));
  if (op.check) op.check(stack);
  op.handle.callBoxed(stack);
  auto result = [&](size_t i) {
    int alias = i < op.aliasOf.size() ? op.aliasOf[i] : -1;
    return alias >= 0 && stack[i].isTensor() ? call[alias + 1] : toJs(call.data, stack[i]);
  };
  if (stack.empty()) return undefined(env);
  if (stack.size() == 1) return result(0);
  return jsList(env, stack.size(), result);
}

// schemas("aten::add") -> the schemas of all its overloads, as PyTorch writes them; schemas("") -> all there are
EXPORT(schemas) {
  std::string name = toString(call.env, call[0], "schemas");
  std::vector<std::string> out;
  for (const auto& n : c10::Dispatcher::singleton().getAllOpNames()) {
    if (!name.empty() && n.name != name) continue;
    auto found = c10::Dispatcher::singleton().findSchema(n);
    if (found) out.push_back(c10::toString(found->schema()));
  }
  return jsList(call.env, out.size(), [&](size_t i) { return jsString(call.env, out[i]); });
}

}  // namespace dsbm
