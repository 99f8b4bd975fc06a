#include "tests/campaign/survivor.hpp"

#include <cstring>
#include <fstream>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/reader.hpp"
#include "tests/campaign/payload.hpp"

namespace ringside::campaign {
namespace {

constexpr std::uint64_t kLargest = 3000;

std::vector<std::byte> numbered(std::uint64_t stream, std::uint64_t sequence) {
  const std::uint64_t key = payload_key(stream, sequence);
  std::vector<std::byte> event(8 + key % kLargest);
  std::memcpy(event.data(), &sequence, sizeof sequence);
  write_payload(std::span(event).subspan(8), key);
  return event;
}

/// The sequences, as published, of what a reader shows, or what is wrong with it.
Verdict read_all(const Reader& reader, const Promise& promise, std::vector<std::uint64_t>& seen) {
  RecordCopier copier(reader, reader.window().from);
  Timestamp before{};
  while (true) {
    switch (copier.next()) {
      case RunOutcome::nothing:
        return std::nullopt;
      case RunOutcome::gap:
        return "a gap in a segment that nobody writes";
      case RunOutcome::damaged:
      case RunOutcome::corrupt:
        return "the segment that is shown contradicts itself";
      case RunOutcome::run:
        break;
    }
    const Record& record = copier.record();
    std::uint64_t number = 0;
    if (record.payload.size() < sizeof number) return "an event that was never published";
    std::memcpy(&number, record.payload.data(), sizeof number);
    const std::vector<std::byte> expected = numbered(promise.stream, number);
    if (number >= promise.next.value ||
        !std::equal(record.payload.begin(), record.payload.end(), expected.begin(), expected.end()))
      return "event " + std::to_string(number) + " is torn";
    if (!seen.empty() && number != seen.back() + 1)
      return "event " + std::to_string(number) + " follows event " + std::to_string(seen.back());
    if (record.timestamp < before)
      return "the time of event " + std::to_string(number) + " goes back";
    before = record.timestamp;
    seen.push_back(number);
  }
}

Verdict keeps(const std::vector<std::uint64_t>& seen, const Promise& promise) {
  if (promise.oldest >= promise.durable) return std::nullopt;
  const bool kept = !seen.empty() && seen.front() <= promise.oldest.value &&
                    seen.back() + 1 >= promise.durable.value;
  if (kept) return std::nullopt;
  const std::string left = seen.empty() ? "nothing"
                                        : "[" + std::to_string(seen.front()) + ", " +
                                              std::to_string(seen.back() + 1) + ")";
  return left + " is left of the durable [" + std::to_string(promise.oldest.value) + ", " +
         std::to_string(promise.durable.value) + ")";
}

}  // namespace

void publish_numbered(Writer& writer, std::uint64_t stream) {
  const auto done = writer.publish(numbered(stream, writer.next().value));
  if (!done) {
    std::fputs("ringside_campaign: an event was refused\n", stderr);
    std::exit(1);
  }
}

void forget_boot(const std::filesystem::path& path, bool has_boot_id) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  BootId boot{};
  const auto at = static_cast<std::streamoff>(kStateOffset + offsetof(SegmentState, boot_id));
  file.seekg(at);
  file.read(reinterpret_cast<char*>(boot.data()), sizeof boot);
  if (boot != current_boot_id()) return;
  boot = has_boot_id ? BootId{~boot[0], boot[1]} : BootId{};
  file.seekp(at);
  file.write(reinterpret_cast<const char*>(boot.data()), sizeof boot);
}

Verdict judge_survivor(const Bus& bus, const Promise& promise) {
  std::vector<std::uint64_t> shown;
  {
    const Result<Reader> reader = open_reader(bus, kCutName);
    if (!reader) return "a reader cannot open it: " + reader.error().message;
    if (Verdict wrong = read_all(*reader, promise, shown)) return "a reader: " + *wrong;
    if (Verdict wrong = keeps(shown, promise)) return "a reader: " + *wrong;
  }
  Result<Writer> writer = open_writer(bus, kCutName, {});
  if (!writer) return "a producer cannot take it up: " + writer.error().message;
  const Result<Reader> reader = open_reader(bus, kCutName);
  if (!reader) return "a reader cannot open what was reopened: " + reader.error().message;
  std::vector<std::uint64_t> kept;
  if (Verdict wrong = read_all(*reader, promise, kept)) return "after take-up: " + *wrong;
  if (Verdict wrong = keeps(kept, promise)) return "after take-up: " + *wrong;
  const Sequence next = writer->next();
  const std::array<std::byte, 5> more{};
  const auto done = writer->publish(more);
  if (!done || *done != next || reader->window().to != next + 1)
    return "the producer that took it up does not go on";
  return std::nullopt;
}

}  // namespace ringside::campaign
