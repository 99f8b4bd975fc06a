#include "tests/campaign/lap_stream.hpp"

#include <cstring>
#include <stdexcept>

#include "bus/segment.hpp"

namespace ringside::campaign {
namespace {

using support::Message;

constexpr std::size_t kRunHeader = 32;
constexpr std::uint16_t kLapped = 4000;

void expect(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

std::uint64_t walk_records(
    std::uint64_t epoch, std::uint64_t first, std::string_view bytes, std::size_t& walked,
    const std::function<void(std::uint64_t sequence, std::string_view payload)>& take) {
  Geometry geometry;  // by the segment's own rules, whatever its capacity is
  geometry.epoch = Epoch{epoch};
  geometry.data_capacity = kMaxCapacity;
  Bytes left = std::as_bytes(std::span(bytes));
  std::uint64_t count = 0;
  while (!left.empty()) {
    const std::optional<Record> record = decode_record(geometry, Sequence{first + count}, left);
    if (!record) break;
    const Bytes payload = record->payload;
    take(first + count, {reinterpret_cast<const char*>(payload.data()), payload.size()});
    left = left.subspan(record_bytes(payload.size()));
    ++count;
  }
  walked = bytes.size() - left.size();
  return count;
}

void StreamFollower::connect(std::uint16_t port) {
  std::string target = "/v1/stream?mode=" + options_.mode +
                       "&from=oldest&channels=" + options_.channels + "&resume=";
  bool first = true;
  for (auto& [epoch, place] : places_) {
    if (!first) target.push_back(',');
    target.append(epoch).append(":").append(std::to_string(place.wanted));
    first = false;
    place.announced = false;
    place.moved = false;
  }
  if (places_.empty()) target.resize(target.rfind('&'));
  due_.clear();
  client_ = std::make_unique<support::StreamClient>(port, target, options_.receive_buffer);
  ++connections_;
}

StreamFollower::End StreamFollower::take(std::chrono::milliseconds limit) {
  const std::optional<Message> message = client_->next(limit);
  if (!message) return End::closed;
  switch (message->kind) {
    case Message::Kind::text:
      take_text(message->payload);
      break;
    case Message::Kind::binary:
      expect(options_.mode != "json", "a binary message in mode=json");
      if (options_.mode == "run")
        take_run(message->payload);
      else
        take_single(message->payload);
      break;
    case Message::Kind::close:
      if (message->close_code != kLapped) return End::closed;
      ++lapped_;
      return End::lapped;
    case Message::Kind::pong:
      break;
  }
  return End::none;
}

void StreamFollower::take_text(const std::string& text) {
  const nlohmann::json message = nlohmann::json::parse(text);
  const std::string type = message.at("type");
  if (type == "segment") {
    take_segment(message);
  } else if (type == "gap") {
    take_gap(message);
  } else if (type == "event") {
    take_json(message);
  } else if (type == "live") {
    take_live();
  } else if (type == "ended") {
    const std::string epoch = message.at("epoch");
    expect(options_.of_damaged, "an epoch that is there ended: " + text);
    expect(places_.erase(epoch) > 0, "an epoch ended that nobody has: " + text);
    ++ended_;
  } else if (type == "events") {
    expect(options_.mode == "event", "events was sent in another mode");
    due_ = message.at("epoch");
    expect(announced(due_).wanted == message.at("from"), "events go on elsewhere: " + text);
  } else {
    expect(type == "hello" || type == "beat", "a control message of unknown type: " + text);
  }
}

void StreamFollower::take_live() {
  ++lives_;
  for (const auto& [epoch, place] : places_)
    expect(!place.announced || place.wanted >= place.next,
           "live over a hole: " + place.name + " stands at " + std::to_string(place.wanted) +
               " and was announced up to " + std::to_string(place.next));
}

void StreamFollower::take_segment(const nlohmann::json& message) {
  const std::string epoch = message.at("epoch");
  const std::uint64_t from = message.at("from");
  const std::string name =
      message.at("channel").get<std::string>() + "/" + message.at("producer").get<std::string>();
  const auto [entry, fresh] = places_.try_emplace(epoch, EpochState{name, from, from});
  EpochState& place = entry->second;
  expect(!place.announced, "announced twice on a connection: " + message.dump());
  // What was damaged, or has ended, may begin anew, and a reset says so next.
  const bool elsewhere = place.wanted != from;
  place.moved = elsewhere || (fresh && options_.of_damaged);
  expect(!elsewhere || options_.of_damaged,
         std::to_string(place.wanted) + " was due, it goes on elsewhere: " + message.dump());
  if (elsewhere) place.wanted = place.begin = from;
  place.announced = true;
  place.next = message.at("next");
  place.name = name;
  due_ = epoch;
}

void StreamFollower::take_gap(const nlohmann::json& message) {
  const std::string epoch = message.at("epoch");
  const std::string reason = message.at("reason");
  const std::uint64_t from = message.at("from");
  const std::uint64_t to = message.at("to");
  if (reason == "reset") {
    expect(options_.of_damaged, "an epoch that is there was reset: " + message.dump());
    ++resets_;
    const auto lost = places_.find(epoch);
    expect(lost != places_.end() && lost->second.announced == lost->second.moved,
           "a reset of what goes on: " + message.dump());
    if (lost->second.moved)
      lost->second.moved = false;
    else
      places_.erase(lost);  // what stands here has no continuation
    return;
  }
  const bool quarantined = reason == "quarantined";
  expect(reason == "overwritten" || (options_.of_damaged && (reason == "invalid" || quarantined)),
         "a gap without a right reason: " + message.dump());
  expect(places_.contains(epoch), "a gap of an epoch that nobody has: " + message.dump());
  EpochState& place = quarantined ? places_.at(epoch) : announced(epoch);
  if (quarantined) ++quarantined_;
  expect(from == place.wanted && (to > from || (quarantined && to == from)),
         std::to_string(place.wanted) + " was due: " + message.dump());
  place.wanted = to;
  place.missed += to - from;
  ++gaps_;
  missed_ += to - from;
  due_ = epoch;
}

StreamFollower::EpochState& StreamFollower::announced(const std::string& epoch) {
  const auto place = places_.find(epoch);
  expect(place != places_.end() && place->second.announced,
         "data of epoch " + epoch + ", which was not announced");
  return place->second;
}

void StreamFollower::take_run(const std::string& message) {
  expect(message.size() > kRunHeader, "a run without records");
  const auto number = number_at<std::uint64_t>(message, 0);
  const auto first = number_at<std::uint64_t>(message, 8);
  const auto count = number_at<std::uint32_t>(message, 16);
  const auto length = number_at<std::uint32_t>(message, 20);
  const std::string epoch = to_hex(Epoch{number});
  expect(length == message.size() - kRunHeader && count > 0,
         epoch + ": the header of a run contradicts itself");
  EpochState& place = announced(epoch);
  expect(first == place.wanted, epoch + ": a run begins at " + std::to_string(first) + " where " +
                                    std::to_string(place.wanted) + " was due");
  std::size_t walked = 0;
  const std::string_view records = std::string_view(message).substr(kRunHeader);
  const std::uint64_t whole = walk_records(
      number, first, records, walked, [&](std::uint64_t sequence, std::string_view payload) {
        judge_({place.name, epoch, sequence, payload, nullptr});
      });
  if (whole != count || walked != records.size()) {
    expect(options_.of_damaged, "torn: sequence " + std::to_string(first + whole) + " of " +
                                    place.name + " came as whole");
    refused_ += count - std::min<std::uint64_t>(whole, count);
  }
  place.wanted = first + count;
  place.records += whole;
  records_ += whole;
}

void StreamFollower::take_single(const std::string& payload) {
  EpochState& place = announced(due_);
  judge_({place.name, due_, place.wanted, payload, nullptr});
  ++place.wanted;
  ++place.records;
  ++records_;
}

void StreamFollower::take_json(const nlohmann::json& message) {
  expect(options_.mode == "json", "a JSON event in another mode");
  const std::string epoch = message.at("epoch");
  EpochState& place = announced(epoch);
  const std::uint64_t sequence = message.at("sequence");
  expect(sequence == place.wanted, epoch + ": sequence " + std::to_string(sequence) + " where " +
                                       std::to_string(place.wanted) + " was due");
  judge_({place.name, epoch, sequence, {}, &message.at("event")});
  ++place.wanted;
  ++place.records;
  ++records_;
}

}  // namespace ringside::campaign
