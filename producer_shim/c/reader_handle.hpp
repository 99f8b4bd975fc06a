// What a ringside_reader is: the C++ Reader of one segment, and what is made when it is needed.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "bus/doorbell.hpp"
#include "bus/reader.hpp"
#include "producer_shim/c/failure.hpp"
#include "schemas/event_print.hpp"

struct ringside_reader {
  ringside_reader(ringside::Bus where, ringside::SegmentName which, ringside::Reader opened)
      : bus(std::move(where)), name(std::move(which)), reader(std::move(opened)) {}

  const ringside::Bus bus;
  const ringside::SegmentName name;
  const ringside::Reader reader;
  // Any thread may be the first to need them.
  mutable std::mutex making{};
  mutable std::shared_ptr<ringside::Doorbell> doorbell{};
  mutable std::unique_ptr<const ringside::EventPrinter> json{};
};

namespace ringside::c {

inline Error contradiction(const ringside_reader& handle) {
  return {Errc::corrupt, 0,
          handle.name.text() +
              ": the segment contradicts itself, or its file was cut short or overwritten; see "
              "ringside verify"};
}

/// Why nothing can be taken at `cursor`.
inline Error fault_at(const ringside_reader& handle, Sequence cursor) {
  const Sequence next = handle.reader.window().to;
  if (cursor <= next || handle.reader.is_truncated()) return contradiction(handle);
  return {Errc::not_found, 0,
          handle.name.text() + ": sequence " + std::to_string(cursor.value) +
              " is not published yet, the next is " + std::to_string(next.value) +
              " (is the cursor of another epoch?)"};
}

inline Run to_run(const ringside_run& run) {
  return {Sequence{run.first},
          static_cast<std::uint32_t>(run.count),
          {static_cast<const std::byte*>(run.bytes), run.size}};
}

inline ringside_run from_run(const Run& run) {
  return {run.first.value, run.count, run.bytes.data(), run.bytes.size()};
}

/// What is wrong with the arguments of a call, as its code; or RINGSIDE_OK.
template <class... Pointers>
int check_pointers(const Pointers*... given) noexcept {
  if ((... && (given != nullptr))) return RINGSIDE_OK;
  return failed(RINGSIDE_ERROR_ARGUMENT, "a null pointer where a reader or a result is needed");
}

}  // namespace ringside::c
