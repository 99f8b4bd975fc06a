// How the C ABI fails: a code, and one line of text that the calling thread keeps. Every exported
// function that can fail runs inside guarded(), so that no exception comes out.
#pragma once

#include <exception>
#include <new>
#include <string_view>
#include <type_traits>

#include "bus/result.hpp"
#include "bus/types.hpp"
#include "producer_shim/c/ringside.h"

namespace ringside::c {

/// Keeps the error for ringside_last_error() and returns its code.
int failed(const Error& error) noexcept;
int failed(int code, std::string_view message) noexcept;

/// What a function returns that failed with `code`.
template <class Returned>
Returned failure(int code) noexcept {
  if constexpr (std::is_pointer_v<Returned>)
    return nullptr;
  else
    return code;
}

/// What a function returns for a result; the error is kept.
inline int returned(int code) noexcept {
  return code;
}
inline std::int64_t returned(const Result<Sequence>& published) noexcept {
  if (!published) return failed(published.error());
  return static_cast<std::int64_t>(published->value);
}
template <class Value>
Value* returned(const Result<Value*>& made) noexcept {
  return made ? *made : failure<Value*>(failed(made.error()));
}

/// The same for the result of `call`, or for an exception out of it.
template <class Call>
auto guarded(Call&& call) noexcept {
  using Returned = decltype(returned(call()));
  try {
    return returned(call());
  } catch (const std::bad_alloc&) {
    return failure<Returned>(failed(RINGSIDE_ERROR_INTERNAL, "there is not enough memory"));
  } catch (const std::exception& error) {
    return failure<Returned>(failed(RINGSIDE_ERROR_INTERNAL, error.what()));
  } catch (...) {
    return failure<Returned>(failed(RINGSIDE_ERROR_INTERNAL, "an unknown fault"));
  }
}

/// No struct of any version is longer.
inline constexpr std::size_t kMostBytesOfStruct = 4096;

/// Whether a struct of the caller's begins with a size that its first version can have.
template <class Struct>
bool has_size(const Struct* given, std::size_t smallest) noexcept {
  if (given != nullptr && given->size >= smallest && given->size <= kMostBytesOfStruct) return true;
  failed(RINGSIDE_ERROR_ARGUMENT,
         given == nullptr ? "a null pointer where a struct is needed"
                          : "the size at the start of a struct is not set to sizeof of it");
  return false;
}

/// Whether a struct that the caller filled in asks for nothing that this version does not know:
/// what is beyond its end must be zero.
template <class Struct>
bool is_known(const Struct* given) noexcept {
  if (!has_size(given, sizeof(Struct))) return false;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof(Struct); i < given->size && i < kMostBytesOfStruct; ++i) {
    if (bytes[i] == 0) continue;
    failed(RINGSIDE_ERROR_ARGUMENT, "an option that this version of libringside does not know");
    return false;
  }
  return true;
}

}  // namespace ringside::c
