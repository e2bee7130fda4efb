// Bytes in and out: typed arrays to tensors and back, always by copy.
#include "engine.h"

#include <cstring>

namespace dsbm {

struct Bytes { const void* data; size_t size; };

static Bytes bytesOf(napi_env env, napi_value v, const char* what) {
  bool typed = false, buffer = false;
  check(env, napi_is_typedarray(env, v, &typed));
  Bytes out{nullptr, 0};
  if (typed) {
    napi_typedarray_type type;
    size_t length, offset;
    napi_value owner;
    void* data = nullptr;
    check(env, napi_get_typedarray_info(env, v, &type, &length, &data, &owner, &offset));
    static constexpr size_t kWidth[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 2};
    size_t index = static_cast<size_t>(type);
    if (index >= sizeof kWidth / sizeof *kWidth) fail("ERR_TORCH_TYPE", std::string(what) + ": this kind of typed array is not supported");
    return {data, length * kWidth[index]};
  }
  check(env, napi_is_arraybuffer(env, v, &buffer));
  if (!buffer) fail("ERR_TORCH_TYPE", std::string(what) + ": expected a typed array or an ArrayBuffer, got " + describe(env, v));
  void* data = nullptr;
  check(env, napi_get_arraybuffer_info(env, v, &data, &out.size));
  out.data = data;
  return out;
}

static size_t byteCount(at::IntArrayRef shape, at::ScalarType type, const char* what) {
  size_t n = c10::elementSize(type);
  for (int64_t d : shape) {
    if (d < 0) fail("ERR_TORCH_VALUE", std::string(what) + ": a negative size in the shape");
    if (__builtin_mul_overflow(n, static_cast<size_t>(d), &n)) fail("ERR_TORCH_VALUE", std::string(what) + ": the shape is too large");
  }
  return n;
}

// fromBytes(buffer, shape, dtype) -> tensor on the CPU
EXPORT(fromBytes) {
  refuseWhileRecording("a tensor from JavaScript data");
  auto shape = toInts(call.env, call[1], "tensor: shape");
  auto type = toDtype(call.env, call[2], "tensor: dtype");
  size_t want = byteCount(shape, type, "tensor");
  Bytes bytes = bytesOf(call.env, call[0], "tensor");
  if (bytes.size != want)
    fail("ERR_TORCH_VALUE", "tensor: the data has " + std::to_string(bytes.size) + " bytes, but shape and dtype need " + std::to_string(want));
  at::Tensor t = at::empty(shape, at::TensorOptions(type));
  if (want) std::memcpy(t.mutable_data_ptr(), bytes.data, want);
  return wrap(call.data, t);
}

static at::Tensor readable(const at::Tensor& t) {
  at::NoGradGuard guard;
  if (t.device().is_meta()) fail("ERR_TORCH_VALUE", "a meta tensor has no data to read");
  if (t._is_zerotensor()) return at::zeros(t.sizes(), at::TensorOptions(t.scalar_type()));  // autograd's zeros have no memory
  return t.detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous();
}

// toBytes(tensor) -> ArrayBuffer with its elements in row-major order
EXPORT(toBytes) {
  refuseWhileRecording("reading a tensor's values");
  at::Tensor t = readable(tensorOf(call.env, call[0], "toArray"));
  void* data = nullptr;
  napi_value out;
  check(call.env, napi_create_arraybuffer(call.env, t.nbytes(), &data, &out));
  if (t.nbytes()) std::memcpy(data, t.const_data_ptr(), t.nbytes());
  return out;
}

EXPORT(item) {
  refuseWhileRecording("item()");
  at::Tensor t = tensorOf(call.env, call[0], "item");
  if (t.numel() != 1) fail("ERR_TORCH_VALUE", "item: expected a tensor of one element, got " + std::to_string(t.numel()));
  at::Scalar s = t.item();
  if (s.isComplex()) fail("ERR_TORCH_VALUE", "item: a complex number has no JavaScript equivalent; use viewAsReal");
  if (s.isBoolean()) return toJs(call.data, c10::IValue(s.toBool()));
  if (s.isIntegral(false)) return toJs(call.data, c10::IValue(s.toLong()));
  return jsNumber(call.env, s.toDouble());
}

}  // namespace dsbm
