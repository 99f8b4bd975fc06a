#include "producer_shim/c/failure.hpp"

#include <string>

namespace ringside::c {
namespace {

struct LastError {
  int code = RINGSIDE_OK;
  std::string text;
};

LastError& last_error() noexcept {
  thread_local LastError last;
  return last;
}

int code_of(Errc code) noexcept {
  switch (code) {
    case Errc::system:
      return RINGSIDE_ERROR_SYSTEM;
    case Errc::bad_name:
      return RINGSIDE_ERROR_NAME;
    case Errc::bad_argument:
      return RINGSIDE_ERROR_ARGUMENT;
    case Errc::not_found:
      return RINGSIDE_ERROR_NOT_FOUND;
    case Errc::not_segment:
      return RINGSIDE_ERROR_NOT_SEGMENT;
    case Errc::incompatible:
      return RINGSIDE_ERROR_INCOMPATIBLE;
    case Errc::corrupt:
      return RINGSIDE_ERROR_CORRUPT;
    case Errc::detached:
      return RINGSIDE_ERROR_DETACHED;
    case Errc::in_use:
      return RINGSIDE_ERROR_IN_USE;
    case Errc::no_space:
      return RINGSIDE_ERROR_NO_SPACE;
    case Errc::too_large:
      return RINGSIDE_ERROR_TOO_LARGE;
    case Errc::bad_event:
      return RINGSIDE_ERROR_EVENT;
  }
  return RINGSIDE_ERROR_INTERNAL;
}

}  // namespace

int failed(const Error& error) noexcept {
  return failed(code_of(error.code), error.message);
}

int failed(int code, std::string_view message) noexcept {
  LastError& last = last_error();
  last.code = code;
  try {
    last.text = message;
  } catch (...) {
    last.text.clear();
  }
  return code;
}

}  // namespace ringside::c

const char* ringside_last_error() {
  return ringside::c::last_error().text.c_str();
}

int ringside_last_error_code() {
  return ringside::c::last_error().code;
}

const char* ringside_version() {
  return RINGSIDE_VERSION;
}

int ringside_abi() {
  return RINGSIDE_ABI;
}
