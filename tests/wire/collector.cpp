#include "tests/wire/collector.hpp"

#include <cstring>
#include <numeric>
#include <stdexcept>

#include "bus/segment.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::wire_test {
namespace {

using support::Message;
using Clock = std::chrono::steady_clock;

/// Far more than any test needs, so that only a hang meets it.
constexpr std::chrono::minutes kLimit{5};  // which only a hang takes
constexpr std::size_t kRunHeader = 32;
constexpr std::size_t kRecordHeader = 24;

void expect(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number value{};
  expect(at + sizeof value <= bytes.size(), "a header reaches beyond the message");
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

void Collector::begin_connection() {
  hello_ = false;
  live_ = false;
  log_.clear();
  control_.clear();
  runs_.clear();
  beats_ = 0;
  full_beats_ = 0;
  stands_.clear();
  for (auto& [epoch, followed] : followed_) followed.announced = false;
}

void Collector::take(const Message& message) {
  payload_bytes_ += message.payload.size();
  if (message.kind == Message::Kind::text)
    take_control(message.payload);
  else if (message.kind == Message::Kind::binary)
    take_run(message.payload);
}

std::optional<Message> Collector::take_until(support::StreamClient& client,
                                             const std::function<bool()>& done) {
  const Clock::time_point end = Clock::now() + kLimit;
  while (!done()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    expect(left.count() > 0, "what was waited for did not come in time");
    std::optional<Message> message = client.next(left);
    if (!message) return std::nullopt;
    if (message->kind == Message::Kind::close) return message;
    take(*message);
  }
  return std::nullopt;
}

void Collector::take_control(const std::string& text) {
  const nlohmann::json message = nlohmann::json::parse(text);
  const std::string type = message.at("type");
  if (type == "beat") return take_beat(message);
  control_.push_back(message);
  expect(hello_ != (type == "hello"), "hello is not first, or comes twice");
  if (type == "hello") {
    hello_ = true;
    log_.push_back(type);
  } else if (type == "segment") {
    take_segment(message);
  } else if (type == "gap") {
    take_gap(message);
  } else if (type == "live") {
    take_live();
    log_.push_back(type);
  } else if (type == "ended") {
    take_ended(message);
  } else {
    throw std::runtime_error("a control message of unknown type: " + text);
  }
}

/// Data and gaps join, up to what was announced.
void Collector::take_live() {
  expect(!live_, "live came twice");
  live_ = true;
  for (auto& [epoch, followed] : followed_) {
    followed.at_live = followed.records;
    expect(!followed.announced || followed.wanted >= followed.next,
           "live over a hole: " + epoch + " stands at " + std::to_string(followed.wanted) +
               " and was announced up to " + std::to_string(followed.next));
  }
}

void Collector::take_ended(const nlohmann::json& message) {
  const std::string epoch = message.at("epoch");
  log_.push_back("ended " + epoch);
  expect(followed_.contains(epoch), "an epoch ended that was neither announced nor resumed");
  Followed& followed = followed_.at(epoch);
  expect(!followed.ended, "an epoch ended twice");
  expect(followed.channel.empty() || (followed.channel == message.at("channel") &&
                                      followed.producer == message.at("producer")),
         "another name ended: " + message.dump());
  followed.ended = true;
  followed.announced = false;
  stands_.erase(epoch);
}

void Collector::take_beat(const nlohmann::json& message) {
  expect(hello_, "a beat before hello");
  expect(message.size() == 4, "a beat with other members: " + message.dump());
  beat_time_ = std::chrono::nanoseconds(std::stoll(message.at("now_ns").get<std::string>()));
  const bool full = message.at("full");
  expect(full || beats_ > 0, "the first beat is not full");
  ++beats_;
  if (full) {
    ++full_beats_;
    stands_.clear();
  }
  for (const nlohmann::json& segment : message.at("segments")) {
    const std::string epoch = segment.at("epoch");
    expect(segment.size() == 4, "a beat with other members: " + message.dump());
    expect(followed_.contains(epoch) && followed_.at(epoch).announced,
           "a beat of a segment that was not announced");
    const Stand now{segment.at("oldest"), segment.at("next"), segment.at("live")};
    expect(now.oldest <= now.next, "a beat contradicts itself: " + message.dump());
    expect(now.live.is_boolean() || now.live.is_null(), "live is something else");
    const auto before = stands_.find(epoch);
    expect(before == stands_.end() || before->second.next != now.next ||
               before->second.oldest != now.oldest || before->second.live != now.live,
           "a beat of what has not changed: " + message.dump());
    stands_.insert_or_assign(epoch, now);
  }
}

void Collector::take_segment(const nlohmann::json& message) {
  const std::string epoch = message.at("epoch");
  log_.push_back("segment " + epoch);
  expect(epoch.size() == 16, "an epoch is not 16 digits");
  const bool known = followed_.contains(epoch);
  Followed& followed = followed_[epoch];
  expect(!followed.announced, "segment " + epoch + " is announced twice on a connection");
  followed.announced = true;
  followed.channel = message.at("channel");
  followed.producer = message.at("producer");
  followed.schema = message.at("schema");
  followed.oldest = message.at("oldest");
  followed.next = message.at("next");
  followed.from = message.at("from");
  expect(followed.oldest <= followed.next && followed.from <= followed.next,
         "a segment message contradicts itself: " + message.dump());
  if (!known || followed.ended) {
    followed.begin = followed.wanted = followed.from;
    followed.last_timestamp_ns = 0;
  }
  followed.ended = false;
  expect(followed.from == followed.wanted, "segment " + epoch + " goes on from " +
                                               std::to_string(followed.from) + " where " +
                                               std::to_string(followed.wanted) + " was resumed");
}

void Collector::take_gap(const nlohmann::json& message) {
  const std::string epoch = message.at("epoch");
  log_.push_back("gap " + epoch);
  const Missing gap{message.at("from"), message.at("to"), message.at("reason")};
  expect(gap.from <= gap.to, "a gap runs backwards: " + message.dump());
  const bool quarantined = gap.reason == "quarantined";
  expect(gap.reason == "overwritten" || gap.reason == "invalid" || gap.reason == "reset" ||
             quarantined,
         "unknown reason of a gap");
  Followed& followed = followed_[epoch];
  if (gap.reason != "reset") {
    expect(followed.announced || quarantined, "a gap of a segment that was not announced");
    expect(gap.from < gap.to || quarantined, "an empty gap: " + message.dump());
    expect(gap.from == followed.wanted, "a gap names " + message.dump() + ", but " +
                                            std::to_string(followed.wanted) + " was due");
    followed.wanted = gap.to;
  }
  followed.gaps.push_back(gap);
}

void Collector::take_run(const std::string& message) {
  expect(hello_, "data before hello");
  expect(message.size() >= kRunHeader, "a run shorter than its header");
  const auto epoch_number = number_at<std::uint64_t>(message, 0);
  const auto first = number_at<std::uint64_t>(message, 8);
  const auto count = number_at<std::uint32_t>(message, 16);
  const auto length = number_at<std::uint32_t>(message, 20);
  expect(number_at<std::uint64_t>(message, 24) == 0, "the reserved word of a run is not zero");
  expect(length == message.size() - kRunHeader, "byte_length is not that of the records");
  expect(count > 0, "an empty run");
  const std::string epoch = to_hex(Epoch{epoch_number});
  log_.push_back("run " + epoch);
  runs_.push_back({epoch, first, count, message.size()});
  expect(followed_.contains(epoch) && followed_.at(epoch).announced,
         "a run of a segment that was not announced");
  Followed& followed = followed_.at(epoch);
  expect(first == followed.wanted, epoch + ": a run begins at " + std::to_string(first) +
                                       " where " + std::to_string(followed.wanted) + " was due");

  // Whole to the last bit by the segment's own rules, whatever its capacity is.
  Geometry geometry;
  geometry.epoch = Epoch{epoch_number};
  geometry.data_capacity = kMaxCapacity;
  std::size_t at = kRunHeader;
  for (std::uint64_t sequence = first; sequence < first + count; ++sequence) {
    const auto size = number_at<std::uint32_t>(message, at);
    const std::size_t whole = kRecordHeader + (std::size_t{size} + 7) / 8 * 8;
    expect(at + whole <= message.size(), "a record reaches beyond its run");
    const Bytes bytes{reinterpret_cast<const std::byte*>(message.data()) + at, whole};
    const std::optional<Record> record = decode_record(geometry, Sequence{sequence}, bytes);
    expect(record.has_value(), epoch + ": the record of sequence " + std::to_string(sequence) +
                                   " is torn, misnumbered or badly padded");
    expect(record->timestamp.ns >= followed.last_timestamp_ns, "time goes backwards");
    followed.last_timestamp_ns = record->timestamp.ns;
    const std::string_view payload(message.data() + at + kRecordHeader, size);
    if (const std::string fault = load_fault(payload, sequence, seed_); !fault.empty())
      throw std::runtime_error(epoch + ": sequence " + std::to_string(sequence) + ": " + fault);
    at += whole;
  }
  expect(at == message.size(), "record_count is not the number of records");
  followed.wanted = first + count;
  followed.records += count;
}

std::string Collector::resume_token() const {
  std::string token;
  for (const auto& [epoch, followed] : followed_) {
    if (followed.ended) continue;
    if (!token.empty()) token.push_back(',');
    token.append(epoch + ":" + std::to_string(followed.wanted));
  }
  return token;
}

const Followed& Collector::only() const {
  expect(followed_.size() == 1, std::to_string(followed_.size()) + " segments, not one");
  return followed_.begin()->second;
}

std::uint64_t Collector::records() const {
  return std::accumulate(
      followed_.begin(), followed_.end(), std::uint64_t{0},
      [](std::uint64_t sum, const auto& entry) { return sum + entry.second.records; });
}

}  // namespace ringside::wire_test
