// The door of the addon: one environment's state, the list of exports, and the translation of errors.
#include "engine.h"

#include <c10/util/Exception.h>

namespace dsbm {

static const char* codeOf(const c10::Error& e) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&e)) return "ERR_TORCH_MEMORY";
  if (dynamic_cast<const c10::IndexError*>(&e)) return "ERR_TORCH_INDEX";
  if (dynamic_cast<const c10::TypeError*>(&e)) return "ERR_TORCH_TYPE";
  if (dynamic_cast<const c10::ValueError*>(&e)) return "ERR_TORCH_VALUE";
  if (dynamic_cast<const c10::NotImplementedError*>(&e)) return "ERR_TORCH_NOT_IMPLEMENTED";
  if (dynamic_cast<const c10::DistBackendError*>(&e)) return "ERR_TORCH_DISTRIBUTED";
  return "ERR_TORCH";
}

void translate(napi_env env) {
  try {
    throw;
  } catch (const Pending&) {
  } catch (const Failure& f) {
    napi_throw_error(env, f.code, f.what());
  } catch (const c10::Error& e) {
    napi_throw_error(env, codeOf(e), e.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, "ERR_TORCH_MEMORY", "out of memory");
  } catch (const std::exception& e) {
    napi_throw_error(env, "ERR_TORCH", e.what());
  } catch (...) {
    napi_throw_error(env, "ERR_TORCH", "unknown native error");
  }
}

// The state outlives its environment while an external still points to it: finalisers run late.
void releaseEnv(Env* data) {
  if (--data->references == 0) delete data;
}

static napi_value init(napi_env env, napi_value exports) {
  try {
    static const bool once = [] {
      installAllocator();
      installWarningHandler();
      return true;
    }();
    (void)once;
    auto* data = new Env{env};
    check(env, napi_add_env_cleanup_hook(env, [](void* p) {
            auto* d = static_cast<Env*>(p);
            d->closed = true;
            releaseEnv(d);
          }, data));
    exportTensor(env, exports, data);
    exportDispatch(env, exports, data);
    exportAutograd(env, exports, data);
    exportStorage(env, exports, data);
    exportRandom(env, exports, data);
    exportRuntime(env, exports, data);
    exportProgram(env, exports, data);
  } catch (...) {
    translate(env);
  }
  return exports;
}

}  // namespace dsbm

NAPI_MODULE(dsbm_torch, dsbm::init)
