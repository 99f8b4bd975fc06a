#include "dashboard_reader/reader_listing.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

namespace ringside::dashboard {

void ReaderListing::open(const Bus& bus) {
  if (table_ && table_->is_at(bus)) return;
  slots_.clear();
  table_.reset();
  Result<ReaderTable> opened = ReaderTable::open(bus, Access::read_write);
  if (opened) {
    table_ = std::move(*opened);
    reported_.clear();
  } else if (opened.error().message != std::exchange(reported_, opened.error().message)) {
    spdlog::warn("this dashboard is not listed as a reader: {}", reported_);
  }
}

void ReaderListing::update(const Discovery& discovery, const std::map<Epoch, Slowest>& slowest) {
  // Without segments there may be no bus yet, and it is not for readers to make one.
  if (discovery.attached().empty()) {
    slots_.clear();
    return;
  }
  open(discovery.bus());
  if (!table_) return;
  std::map<Epoch, ReaderSlot> kept;
  for (const auto& [name, segment] : discovery.attached()) {
    const Epoch epoch = segment->reader.epoch();
    auto slot = slots_.extract(epoch);
    if (!slot.empty()) {
      kept.insert(std::move(slot));
    } else if (std::optional<ReaderSlot> claimed = table_->claim(epoch, name_)) {
      kept.emplace(epoch, std::move(*claimed));
    } else {
      continue;
    }
    const auto clients = slowest.find(epoch);
    const Slowest found =
        clients == slowest.end() ? Slowest{segment->reader.window().to, 0} : clients->second;
    kept.at(epoch).move_to(found.next, found.clients);
  }
  slots_ = std::move(kept);
}

}  // namespace ringside::dashboard
