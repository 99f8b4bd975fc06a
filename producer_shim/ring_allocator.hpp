// Lets a FlatBufferBuilder build in the ring: its memory is what the writer has claimed.
#pragma once

#include <cstring>
#include <list>
#include <span>
#include <vector>

#include <flatbuffers/flatbuffers.h>

#include "bus/writer.hpp"

namespace ringside {

class RingAllocator final : public flatbuffers::Allocator {
 public:
  explicit RingAllocator(Writer& writer) : writer_(writer) {}

  std::uint8_t* allocate(std::size_t size) override {
    // One claim only: each evicts what it overlaps, whether or not the event is then accepted. What
    // outgrows it is finished in ordinary memory and copied.
    if (payload_ == nullptr) {
      if (const auto claimed = writer_.claim(size)) {
        payload_ = claimed->data();
        return reinterpret_cast<std::uint8_t*>(payload_);
      }
    }
    overflow_.emplace_back(size);
    return overflow_.back().data();
  }

  void deallocate(std::uint8_t*, std::size_t) override {}

  std::uint8_t* reallocate_downward(std::uint8_t* old, std::size_t old_size, std::size_t new_size,
                                    std::size_t in_use_back, std::size_t in_use_front) override {
    std::uint8_t* const fresh = allocate(new_size);
    std::memcpy(fresh + new_size - in_use_back, old + old_size - in_use_back, in_use_back);
    std::memcpy(fresh, old, in_use_front);
    return fresh;
  }

  bool overflowed() const { return !overflow_.empty(); }
  std::byte* payload() const { return payload_; }

 private:
  Writer& writer_;
  std::byte* payload_ = nullptr;
  std::list<std::vector<std::uint8_t>> overflow_;  // the builder keeps pointers: nothing may move
};

}  // namespace ringside
