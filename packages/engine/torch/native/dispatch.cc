// The one way to an operation: its schema is parsed once, then every call is boxed by the dispatcher.
#include "engine.h"

#include <torch/csrc/api/include/torch/version.h>

namespace dsbm {

constexpr size_t kBefore = 2;  // arguments of call() before the operation's

napi_value wrapInto(Env* data, at::Tensor tensor, napi_value spare);  // tensor.cc

static Arg parseArg(const std::string& op, const c10::Argument& a) {
  c10::TypePtr type = a.real_type();
  auto optional = type->cast<c10::OptionalType>();
  if (optional) type = optional->getElementType();
  auto list = type->cast<c10::ListType>();
  auto element = list ? list->getElementType()->kind() : c10::TypeKind::AnyType;
  bool ints = element == c10::TypeKind::IntType || element == c10::TypeKind::SymIntType;
  return {op + ": argument \"" + a.name() + "\"", type, optional != nullptr, ints ? a.N().value_or(0) : 0, a.default_value()};
}

// Results that are passed in (out=) get the shape of the result before its memory: a tensor would be left without, where that is
// refused. An operation in place keeps the shape of its tensor.
static bool mayResize(const c10::FunctionSchema& schema) {
  const std::string& name = schema.name();
  bool inPlace = name.back() == '_' && name.find("resize") == std::string::npos && name.find("set_") == std::string::npos;
  return schema.is_mutable() && !inPlace;
}

static Op parse(const std::string& name, const std::string& overload) {
  auto found = c10::Dispatcher::singleton().findSchema({name, overload});
  std::string full = overload.empty() ? name : name + "." + overload;
  if (!found) fail("ERR_TORCH_MISSING_OP", full + " is not an operation of this libtorch (" + TORCH_VERSION + ")");
  const auto& schema = found->schema();
  if (mayResize(schema)) fail("ERR_TORCH_UNSAFE", full + " may give a tensor that it was passed another shape: take the operation that returns a new tensor");
  Op op{*found, full, {}, {}};
  for (const auto& a : schema.arguments()) op.args.push_back(parseArg(full, a));
  if (op.args.size() + kBefore > kMaxArgs) fail("ERR_TORCH_TYPE", full + " has too many arguments to be called from JavaScript");
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

// A stack whose memory the next call takes again; a getter in an argument may call from within.
struct Borrowed {
  static std::vector<torch::jit::Stack>& spare() {
    static thread_local auto* list = new std::vector<torch::jit::Stack>;
    return *list;
  }
  torch::jit::Stack stack;
  Borrowed() {
    if (spare().empty()) return;
    stack = std::move(spare().back());
    spare().pop_back();
  }
  ~Borrowed() {
    stack.clear();
    spare().push_back(std::move(stack));
  }
};

// call(index, spare, ...arguments in schema order) -> tensor handle, value, or array of them; one tensor is given in `spare`
// where that is a handle without one
EXPORT(call) {
  napi_env env = call.env;
  uint32_t index = 0;
  if (napi_get_value_uint32(env, call[0], &index) != napi_ok || index >= call.data->ops.size())
    fail("ERR_TORCH_TYPE", "call: not an operation index");
  // A copy would cost more than the call; the handle is stable while no JavaScript runs.
  const Op& op = call.data->ops[index];
  if (call.argc > op.args.size() + kBefore)
    fail("ERR_TORCH_TYPE", op.name + ": takes at most " + std::to_string(op.args.size()) + " arguments, got " + std::to_string(call.argc - kBefore));
  Borrowed borrowed;
  torch::jit::Stack& stack = borrowed.stack;
  stack.reserve(op.args.size());
  for (size_t i = 0; i < op.args.size(); i++) stack.push_back(toIValue(call, call[i + kBefore], op.args[i]));
  op.handle.callBoxed(stack);
  auto result = [&](size_t i) {
    int alias = i < op.aliasOf.size() ? op.aliasOf[i] : -1;
    return alias >= 0 && stack[i].isTensor() ? call[alias + kBefore] : toJs(call.data, stack[i]);
  };
  if (stack.empty()) return undefined(env);
  if (stack.size() == 1 && op.aliasOf[0] < 0 && stack[0].isTensor()) return wrapInto(call.data, std::move(stack[0]).toTensor(), call[1]);
  if (stack.size() == 1) return result(0);
  return jsList(env, stack.size(), result);
}

// schemas("aten::add") -> the schemas of all its overloads, as PyTorch writes them; schemas("") -> all there are
EXPORT(schemas) {
  std::string name = toString(call.env, call[0], "schemas");
  std::vector<std::string> out;
  for (const auto& n : c10::Dispatcher::singleton().getAllOpNames())
    if (name.empty() || n.name == name)
      if (auto found = c10::Dispatcher::singleton().findSchema(n)) out.push_back(c10::toString(found->schema()));
  return toJs(call.data, out);
}

}  // namespace dsbm
