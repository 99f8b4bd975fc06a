#include "tests/wire/event_follower.hpp"

#include <chrono>
#include <stdexcept>

#include "tests/wire/load_events.hpp"

namespace ringside::wire_test {
namespace {

using support::Message;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kLimit{5};  // which only a hang takes
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

void expect(bool good, const std::string& what) {
  if (!good) throw std::runtime_error(what);
}

}  // namespace

std::uint64_t EventFollower::Known::missed() const {
  std::uint64_t sum = 0;
  for (const Gap& gap : gaps) sum += gap.to - gap.from;
  return sum;
}

std::string EventFollower::target(const std::string& more) {
  std::string token;
  for (auto& [epoch, known] : known_) {
    known.announced = 0;
    if (known.ended) continue;
    token.append(token.empty() ? "&resume=" : ",")
        .append(epoch + ":" + std::to_string(known.wanted));
  }
  live_ = false;
  due_.clear();
  return "/v1/stream?mode=" + mode_ + token + more;
}

std::optional<Message> EventFollower::take_until(support::StreamClient& client,
                                                 const std::function<bool()>& done) {
  const Clock::time_point end = Clock::now() + kLimit;
  while (!done()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
    expect(left.count() > 0, "what was waited for did not come in time");
    const std::optional<Message> message = client.next(left);
    if (!message || message->kind == Message::Kind::close) return message;
    if (message->kind == Message::Kind::text) take_text(message->payload);
    if (message->kind == Message::Kind::binary) take_event(message->payload);
  }
  return std::nullopt;
}

void EventFollower::take_text(const std::string& text) {
  const nlohmann::json message = nlohmann::json::parse(text);
  const std::string type = message.at("type");
  if (type == "segment") {
    const std::string epoch = message.at("epoch");
    const std::string name =
        message.at("channel").get<std::string>() + "/" + message.at("producer").get<std::string>();
    const std::uint64_t from = message.at("from");
    const auto [entry, fresh] =
        known_.try_emplace(epoch, Known{.name = name, .begin = from, .wanted = from, .gaps = {}});
    expect(entry->second.wanted == from, "resumed elsewhere: " + text);
    entry->second.name = name;
    entry->second.announced = message.at("next");
    due_ = epoch;
  } else if (type == "events") {
    ++announcements_;
    due_ = message.at("epoch");
    expect(mode_ == "event", "events was sent in another mode");
    expect(known_.at(due_).wanted == message.at("from"), "events go on elsewhere: " + text);
  } else if (type == "gap") {
    take_gap(message);
  } else if (type == "event") {
    take_json_event(message);
  } else if (type == "live") {
    expect(!live_, "live came twice");
    live_ = true;
    for (const auto& [epoch, known] : known_)
      expect(known.ended || known.wanted >= known.announced,
             "live over a hole: " + epoch + " stands at " + std::to_string(known.wanted));
  } else if (type == "ended") {
    known_.at(message.at("epoch").get<std::string>()).ended = true;
  } else if (type == "beat") {
    ++beats_;
  } else {
    expect(type == "hello", "a control message of unknown type: " + text);
  }
}

void EventFollower::take_gap(const nlohmann::json& message) {
  const Gap gap{message.at("from"), message.at("to"), message.at("reason")};
  const std::string epoch = message.at("epoch");
  Known& known = known_[epoch];
  known.gaps.push_back(gap);
  if (gap.reason == "reset") return;
  expect(gap.from == known.wanted && (gap.to > gap.from || gap.reason == "quarantined"),
         "a gap elsewhere: " + message.dump());
  known.wanted = gap.to;
  due_ = epoch;
}

void EventFollower::take_event(const std::string& payload) {
  expect(mode_ == "event", "a binary message in another mode");
  Known& known = known_.at(due_);
  if (const std::string fault = load_fault(payload, known.wanted); !fault.empty())
    throw std::runtime_error(due_ + ": sequence " + std::to_string(known.wanted) + ": " + fault);
  ++known.wanted;
  ++known.records;
}

void EventFollower::take_json_event(const nlohmann::json& message) {
  expect(mode_ == "json", "a JSON event in another mode");
  expect(message.size() == 7, "another set of fields: " + message.dump());
  Known& known = known_.at(message.at("epoch").get<std::string>());
  const std::uint64_t sequence = message.at("sequence");
  expect(sequence == known.wanted, "sequence " + std::to_string(sequence) + " where " +
                                       std::to_string(known.wanted) + " was due");
  expect(known.name == message.at("channel").get<std::string>() + "/" +
                           message.at("producer").get<std::string>(),
         "an event of another name");
  expect(std::stoull(message.at("timestamp_ns").get<std::string>()) > 0, "no time");
  const nlohmann::json& event = message.at("event");
  expect(event.at("sequence") == sequence && event.at("seed") == 0, "another event");
  std::uint64_t word = sequence * kGolden;
  for (const nlohmann::json& value : event.at("words")) expect(value == word++, "a wrong word");
  ++known.wanted;
  ++known.records;
}

std::uint64_t EventFollower::records() const {
  std::uint64_t sum = 0;
  for (const auto& [epoch, known] : known_) sum += known.records;
  return sum;
}

}  // namespace ringside::wire_test
