// Bytes in and out: typed arrays to tensors and back, always by copy.
#include "engine.h"

#include <cstring>

namespace dsbm {

// fromBytes(view of a buffer, shape, dtype) -> tensor on the CPU
EXPORT(fromBytes) {
  refuseWhileRecording("a tensor from JavaScript data");
  auto shape = toInts(call.env, call[1], "tensor: shape");
  auto type = toDtype(call.env, call[2], "tensor: dtype");
  void* data = nullptr;
  size_t size = 0;
  if (!made<bool>(call.env, napi_is_buffer, call[0])) fail("ERR_TORCH_TYPE", "tensor: expected a typed array, got " + describe(call.env, call[0]));
  check(call.env, napi_get_buffer_info(call.env, call[0], &data, &size));
  at::Tensor t = at::empty(shape, at::TensorOptions(type));
  if (t.nbytes() != size)
    fail("ERR_TORCH_VALUE", "tensor: the data has " + std::to_string(size) + " bytes, but shape and dtype need " + std::to_string(t.nbytes()));
  if (size) std::memcpy(t.mutable_data_ptr(), data, size);
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
  return toJs(call.data, s);
}

}  // namespace dsbm
