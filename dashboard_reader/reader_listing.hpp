// The dashboard in the bus's table of readers (bus/inspect/reader_table.hpp), so that `ringside
// stat` shows how far its clients are behind: one slot for each attached segment, with the slowest
// of its clients. On the loop. For people only: a bus where it cannot be listed is served all the
// same.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "bus/inspect/discovery.hpp"
#include "bus/inspect/reader_table.hpp"

namespace ringside::dashboard {

/// The slowest of the clients that follow a segment.
struct Slowest {
  Sequence next;
  std::uint32_t clients = 0;

  void add(Sequence client) {
    next = clients == 0 ? client : std::min(next, client);
    ++clients;
  }
};

class ReaderListing {
 public:
  explicit ReaderListing(std::string name) : name_(std::move(name)) {}

  /// Says where the clients stand now. A segment without any is listed with none, at its end.
  void update(const Discovery& discovery, const std::map<Epoch, Slowest>& slowest);

 private:
  void open(const Bus& bus);

  std::string name_;
  std::optional<ReaderTable> table_;
  std::map<Epoch, ReaderSlot> slots_;
  std::string reported_;  // why it is not listed; logged once
};

}  // namespace ringside::dashboard
