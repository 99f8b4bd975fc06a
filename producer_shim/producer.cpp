#include "producer_shim/producer.hpp"

#include <string>
#include <tuple>
#include <utility>

#include "bus/durable/writer_open.hpp"

namespace ringside {

const char* origin_text(Origin origin) {
  switch (origin) {
    case Origin::created:
      return "a new segment";
    case Origin::reopened:
      return "the segment reopened";
    case Origin::replaced:
      return "a new epoch, as caps or schema changed";
    case Origin::recovered:
      return "a new epoch, with the intact events of the last one";
  }
  return "";
}

Result<Producer> Producer::open(const Bus& bus, const SegmentName& name, EventType type,
                                const Caps& caps,
                                std::optional<std::chrono::milliseconds> sync_interval) {
  RINGSIDE_TRY(Writer writer, open_writer(bus, name,
                                          {.schema = type.schema(),
                                           .schema_id = type.id(),
                                           .caps = caps,
                                           .sync_interval = sync_interval}));
  return Producer(std::move(writer), std::move(type), name);
}

Result<Sequence> Producer::publish(Bytes event) {
  claimed_ = {};
  if (event.size() > writer_.max_payload()) return too_large(event.size());
  if (!type_.verify(event)) return bad_event();
  find_doorbell();
  const auto published = writer_.publish(event);
  if (!published) return refused(published.error());
  return *published;
}

Result<std::span<std::byte>> Producer::claim(std::size_t size) {
  claimed_ = {};
  if (size > writer_.max_payload()) return too_large(size);
  find_doorbell();
  const auto claimed = writer_.claim(size);
  if (!claimed) return refused(claimed.error());
  claimed_ = *claimed;
  return *claimed;
}

Result<void> Producer::check_claim(std::size_t size) {
  if (size > 0 && size <= claimed_.size()) return {};
  const std::size_t claimed = std::exchange(claimed_, {}).size();
  return fail(Errc::bad_argument, name_.text(), ": cannot commit ", std::to_string(size),
              " bytes of the ", std::to_string(claimed), " that are claimed");
}

Result<Sequence> Producer::commit(std::size_t size) {
  RINGSIDE_CHECK(check_claim(size));
  if (!type_.verify(claimed_.first(size))) {
    claimed_ = {};
    return bad_event();
  }
  return commit_alike(size);
}

Result<Sequence> Producer::commit_alike(std::size_t size) {
  RINGSIDE_CHECK(check_claim(size));
  claimed_ = {};
  const auto committed = writer_.commit(size);
  if (!committed) return refused(committed.error());
  return *committed;
}

void Producer::find_doorbell() {
  // If that fails, readers look by themselves now and then, and the writer tries again.
  if (writer_.has_lost_doorbell()) std::ignore = writer_.restore_doorbell();
}

tl::unexpected<Error> Producer::refused(Refusal why) const {
  // An empty event, which no schema accepts, or one that was never built.
  if (why != Refusal::detached) return bad_event();
  return fail(Errc::detached, name_.text(),
              ": the segment's file was removed, replaced or shortened; this event reached nobody "
              "(open the producer again, which recreates it)");
}

tl::unexpected<Error> Producer::too_large(std::size_t size) const {
  return fail(Errc::too_large, name_.text(), ": an event of ", std::to_string(size),
              " bytes does not fit; this segment takes at most ",
              std::to_string(writer_.max_payload()), " (open it with a larger capacity)");
}

tl::unexpected<Error> Producer::bad_event() const {
  return fail(
      Errc::bad_event, name_.text(),
      ": the event is not a valid FlatBuffer of the channel's schema; nothing was published");
}

}  // namespace ringside
