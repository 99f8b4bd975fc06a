#include "tests/campaign/lap_events.hpp"

#include <cstdio>
#include <stdexcept>
#include <vector>

#include <unistd.h>

#include "bus/durable/writer_open.hpp"
#include "bus/writer.hpp"
#include "tests/campaign/payload.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign::lap {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
constexpr std::uint64_t kLeast = 16;
constexpr std::uint64_t kMost = 4000;
constexpr std::uint64_t kMostWords = 480;

std::size_t load_words(std::uint64_t sequence) {
  return 1 + scatter(~sequence) % kMostWords;
}

std::string torn(const char* name, std::uint64_t sequence, const std::string& why) {
  return "torn: sequence " + std::to_string(sequence) + " of " + name + ": " + why;
}

void judge_load(std::uint64_t sequence, std::string_view payload) {
  const std::string fault = wire_test::load_fault(payload, sequence);
  if (!fault.empty()) throw std::runtime_error(torn("load", sequence, fault));
  if (payload.size() < 8 * load_words(sequence))
    throw std::runtime_error(torn("load", sequence, "words are missing"));
}

void judge_json(std::uint64_t sequence, const nlohmann::json& event) {
  bool right = event.at("seed") == 0 && event.at("sequence") == sequence &&
               event.at("words").size() == load_words(sequence);
  std::uint64_t word = sequence * kGolden;
  for (const nlohmann::json& value : event.at("words"))
    right = right && value.get<std::uint64_t>() == word++;
  if (!right) throw std::runtime_error(torn("load", sequence, "the JSON is of another event"));
}

}  // namespace

std::uint32_t raw_size(std::uint64_t sequence) {
  return static_cast<std::uint32_t>(kLeast + scatter(sequence) % (kMost - kLeast + 1));
}

void judge_raw(std::uint64_t seed, std::uint64_t sequence, std::string_view payload) {
  if (payload.size() != raw_size(sequence) ||
      !is_payload(std::as_bytes(std::span(payload)), payload_key(seed, sequence)))
    throw std::runtime_error(torn("raw", sequence, "not what was published"));
}

void judge(std::uint64_t seed, const Delivered& delivered) {
  if (delivered.event != nullptr)
    judge_json(delivered.sequence, *delivered.event);
  else if (delivered.name == raw_name().text())
    judge_raw(seed, delivered.sequence, delivered.payload);
  else
    judge_load(delivered.sequence, delivered.payload);
}

int write(const Bus& bus, std::uint64_t seed, Signals& signals) {
  WriterOptions options;
  options.caps.capacity_bytes = kCapacity;
  Result<Writer> raw = open_writer(bus, raw_name(), options);
  if (!raw) {
    std::fprintf(stderr, "%s\n", raw.error().message.c_str());
    return 1;
  }
  wire_test::LoadProducer load(bus.directory().string(), load_name().channel, load_name().producer,
                               {.capacity_bytes = kCapacity});
  std::vector<std::byte> buffer(kMost);
  // By copying and in place by turns.
  const auto publish_raw = [&] {
    const std::uint64_t sequence = raw->next().value;
    const std::uint64_t key = payload_key(seed, sequence);
    const std::uint32_t size = raw_size(sequence);
    signals.bytes.fetch_add(record_bytes(size), std::memory_order_relaxed);
    if (sequence % 2 == 1) {
      const auto room = raw->claim(size);
      if (!room) return false;
      write_payload(*room, key);
      return raw->commit(size).has_value();
    }
    const std::span<std::byte> payload = std::span(buffer).first(size);
    write_payload(payload, key);
    return raw->publish(payload).has_value();
  };
  const auto publish_load = [&] { load.publish(1, load_words(load.next())); };

  signals.ready.store(true);
  while (!signals.go.load()) ::usleep(1000);
  Dice dice(seed);
  constexpr std::uint64_t kLoadEvery = 8;
  constexpr std::uint64_t kPauseUs = 3000;
  while (!signals.stop.load(std::memory_order_relaxed)) {
    // A few laps, then now and then a pause, without which nobody on a small machine gets anything.
    for (std::uint64_t left = dice.between(1, 8) * kCapacity / (kMost / 2); left > 0; --left) {
      if (!publish_raw()) return 1;
      if (left % kLoadEvery == 0) publish_load();
    }
    if (dice.between(0, 1) == 0) ::usleep(static_cast<useconds_t>(dice.between(0, kPauseUs)));
  }
  signals.raw_total.store(raw->next().value + 1);
  signals.load_total.store(load.next() + 1);
  publish_load();
  return publish_raw() ? 0 : 1;
}

}  // namespace ringside::campaign::lap
