#include "bench/replay_content.hpp"

#include <cstring>
#include <fstream>
#include <stdexcept>

namespace ringside::bench {
namespace {

constexpr std::size_t kRunHeaderBytes = 32;
constexpr std::size_t kRecordHeaderBytes = 24;

template <class Number>
Number number_at(std::string_view bytes, std::size_t at) {
  Number value{};
  if (bytes.size() < at + sizeof value) throw std::runtime_error("a message ends too early");
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

class Check {
 public:
  Check(ReplayForm form, const ExpectedEvents& expected) : form_(form), expected_(expected) {}

  void take(bool is_text, std::string_view message) {
    if (!is_text) {
      form_ == ReplayForm::runs ? take_run(message) : take_event(message);
    } else if (message.find("{\"type\":\"gap\"") == 0) {
      throw std::runtime_error(std::string("events were lost: ") + std::string(message));
    } else if (form_ == ReplayForm::json && message.find("{\"type\":\"event\"") == 0) {
      take_json(message);
    }
  }

  void end() const {
    if (done_ != expected_.events.size())
      throw std::runtime_error(std::string("the replay had ") + std::to_string(done_) +
                               " events of " + std::to_string(expected_.events.size()));
  }

 private:
  std::uint64_t due() const { return expected_.first + done_; }

  void take_event(std::string_view event) {
    if (done_ == expected_.events.size())
      throw std::runtime_error("more events came than the window has");
    if (event != expected_.events[done_])
      throw std::runtime_error(std::string("event ") + std::to_string(due()) +
                               " is not what was published");
    ++done_;
  }

  void take_run(std::string_view message) {
    check_sequence(number_at<std::uint64_t>(message, 8));
    const auto count = number_at<std::uint32_t>(message, 16);
    std::size_t at = kRunHeaderBytes;
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto size = number_at<std::uint32_t>(message, at);
      check_sequence(number_at<std::uint64_t>(message, at + 8));
      take_event(message.substr(at + kRecordHeaderBytes, size));
      at += kRecordHeaderBytes + (std::size_t{size} + 7) / 8 * 8;
    }
    if (at != message.size()) throw std::runtime_error("a run is not as long as its records");
  }

  void take_json(std::string_view message) {
    constexpr std::string_view kSequence = "\"sequence\":";
    constexpr std::string_view kEvent = ",\"event\":";
    const std::size_t sequence = message.find(kSequence);
    const std::size_t event = message.find(kEvent);
    if (sequence == std::string_view::npos || event == std::string_view::npos)
      throw std::runtime_error(std::string("an event without its members: ") +
                               std::string(message));
    check_sequence(std::stoull(std::string(message.substr(sequence + kSequence.size(), 20))));
    message.remove_prefix(event + kEvent.size());
    message.remove_suffix(1);
    take_event(message);
  }

  void check_sequence(std::uint64_t sequence) const {
    if (sequence != due())
      throw std::runtime_error(std::string("sequence ") + std::to_string(sequence) +
                               " came where " + std::to_string(due()) + " was due");
  }

  ReplayForm form_;
  const ExpectedEvents& expected_;
  std::size_t done_ = 0;
};

}  // namespace

std::uint64_t ExpectedEvents::bytes() const {
  std::uint64_t sum = 0;
  for (const std::string& event : events) sum += event.size();
  return sum;
}

ExpectedEvents window_of(const Reader& reader) {
  ExpectedEvents expected{reader.window().from.value, {}};
  RecordCopier records(reader, reader.window().from);
  for (auto next = records.next(); next != RunOutcome::nothing; next = records.next()) {
    if (next != RunOutcome::run) throw std::runtime_error("the window is not in order");
    const Bytes event = records.record().payload;
    expected.events.emplace_back(reinterpret_cast<const char*>(event.data()), event.size());
  }
  return expected;
}

void write_expected(const std::string& path, const ExpectedEvents& expected) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&expected.first), sizeof expected.first);
  for (const std::string& event : expected.events) {
    const auto size = static_cast<std::uint32_t>(event.size());
    file.write(reinterpret_cast<const char*>(&size), sizeof size);
    file.write(event.data(), size);
  }
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

ExpectedEvents read_expected(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  ExpectedEvents expected;
  if (!file.read(reinterpret_cast<char*>(&expected.first), sizeof expected.first))
    throw std::runtime_error("cannot read " + path);
  std::uint32_t size = 0;
  while (file.read(reinterpret_cast<char*>(&size), sizeof size)) {
    std::string event(size, '\0');
    if (!file.read(event.data(), size)) throw std::runtime_error(path + " is cut short");
    expected.events.push_back(std::move(event));
  }
  return expected;
}

void check_replay(const ReplayClient& client, ReplayForm form, const ExpectedEvents& expected) {
  Check check(form, expected);
  client.for_each_message(
      [&check](bool is_text, std::string_view message) { check.take(is_text, message); });
  check.end();
}

}  // namespace ringside::bench
