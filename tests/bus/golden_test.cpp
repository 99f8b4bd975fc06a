// The golden segments of tests/golden: files of format version 2 that another implementation made
// from docs/format.md alone. What is in them is stated here a second time.
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <utility>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bus/durable/reader_open.hpp"
#include "bus/inspect/liveness.hpp"
#include "schemas/event_print.hpp"
#include "tests/bus/bus_fixture.hpp"

using namespace ringside;
using namespace ringside::test;

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kCreatedNs = 1'735'689'600'000'000'000;
constexpr std::uint64_t kLoadEvents = 400;
constexpr std::uint64_t kLoadRetain = 255;
constexpr std::uint64_t kLoadSeed = 7;

fs::path golden(const std::string& file) {
  return fs::path(RINGSIDE_GOLDEN) / file;
}

Reader open_golden(const std::string& file) {
  Result<Reader> reader = open_reader(golden(file));
  if (!reader) FAIL(reader.error().message);
  return std::move(*reader);
}

/// Puts a copy where a producer of that name looks for its segment.
fs::path copy_into(const TemporaryBus& temporary, const std::string& file) {
  REQUIRE(temporary.bus().create(kName.channel).has_value());
  const fs::path path = temporary.path(kName);
  fs::copy_file(golden(file), path);
  return path;
}

std::uint64_t words_of(std::uint64_t sequence) {
  return 1 + sequence * 7 % 29;
}

std::uint64_t time_of(std::uint64_t sequence) {
  return kCreatedNs + sequence / 2 * 1'000'000;
}

/// The payload of a load event: 56 bytes up to its words (docs/format.md, 10), then they.
std::vector<std::byte> load_event(std::uint64_t sequence) {
  const std::uint64_t words = words_of(sequence);
  std::vector<std::byte> payload(56 + 8 * words);
  const auto put = [&payload](std::size_t at, auto value) {
    std::memcpy(payload.data() + at, &value, sizeof value);
  };
  put(0, std::uint32_t{24});
  std::memcpy(payload.data() + 4, "RSLD", 4);
  put(14, std::uint16_t{10});
  put(16, std::uint16_t{28});
  put(18, std::uint16_t{8});
  put(20, std::uint16_t{16});
  put(22, std::uint16_t{4});
  put(24, std::int32_t{10});
  put(28, std::uint32_t{24});
  put(32, kLoadSeed);
  put(40, sequence);
  put(52, static_cast<std::uint32_t>(words));
  for (std::uint64_t i = 0; i < words; ++i)
    put(56 + 8 * i, (kLoadSeed + sequence) * 0x9E3779B97F4A7C15 + i);
  return payload;
}

WriterOptions options_of(const Reader& reader, const std::vector<std::byte>& schema) {
  WriterOptions options;
  options.schema = schema;
  options.schema_id = reader.geometry().schema_id;
  return options;
}

std::vector<std::byte> schema_of(const Reader& reader) {
  return {reader.schema().begin(), reader.schema().end()};
}

/// What a point of the recipe's embedding looks like as JSON, without what only one kind has.
json point(int i) {
  return {{"x", i + 0.5},   {"y", -i - 0.25}, {"z", i / 8.0},
          {"phase_int", i}, {"cluster", -1},  {"is_train", i % 2 != 0}};
}

json single_event(int i) {
  json body = point(i);
  body["episode_id"] = "episode-" + std::to_string(i);
  body["place"] = {{"cycle", 3}, {"index", i}, {"total", 9}};
  body["predicted_int"] = i % 3 != 0 ? i + 1 : -1;
  if (i % 3 != 0) {
    body["host_id"] = "host-" + std::to_string(i % 2);
    body["profile"] = "profile-é";
  }
  return {{"body_type", "Embedding"}, {"body", body}};
}

json batch_event() {
  json points = json::array();
  json episodes = json::array();
  for (int i = 4; i < 9; ++i) {
    json one = point(i);
    one["predicted_int"] = i + 1;
    one["episode"] = i - 4;
    one["host"] = i % 2;
    one["profile"] = 0;
    points.push_back(one);
    episodes.push_back("episode-" + std::to_string(i));
  }
  return {{"body_type", "EmbeddingBatch"},
          {"body",
           {{"place", {{"cycle", 3}, {"index", 4}, {"total", 9}}},
            {"episodes", episodes},
            {"hosts", {"host-0", "host-1"}},
            {"profiles", {"profile-é"}},
            {"points", points}}}};
}

}  // namespace

TEST_CASE("golden: each load event is read as it was made, across the ring's end too") {
  const Reader reader = open_golden("load.ring");
  CHECK(reader.epoch() == Epoch{0x1122334455667788});
  CHECK(reader.geometry().created == Timestamp{kCreatedNs});
  CHECK(reader.geometry().data_capacity == kDataGranule);
  CHECK(reader.geometry().retain_events == kLoadRetain);
  CHECK(reader.geometry().index_slots == 256);
  CHECK(reader.geometry().schema_id == std::array{'R', 'S', 'L', 'D'});
  CHECK_FALSE(is_live(reader));
  const SequenceRange all{Sequence{kLoadEvents - kLoadRetain}, Sequence{kLoadEvents}};
  CHECK(reader.window() == all);

  const Drained drained = drain(reader);
  CHECK_FALSE(drained.fault);
  REQUIRE(drained.sequences.size() == kLoadRetain);
  for (std::size_t i = 0; i < drained.sequences.size(); ++i) {
    const std::uint64_t sequence = all.from.value + i;
    INFO("sequence " << sequence);
    REQUIRE(drained.sequences[i].value == sequence);
    REQUIRE(drained.timestamps[i].ns == time_of(sequence));
    REQUIRE(drained.payloads[i] == load_event(sequence));
  }

  // One run holds them all, and it goes on past the end of the first view.
  Sequence cursor = all.from;
  Run run;
  SequenceRange gap;
  REQUIRE(reader.next_run(cursor, {.bytes = kDataGranule}, run, gap) == RunOutcome::run);
  CHECK(run.count == kLoadRetain);
  const auto offset = static_cast<std::uint64_t>(run.bytes.data() - reader.mapped_data().data());
  CHECK(offset < kDataGranule);
  CHECK(offset + run.bytes.size() > kDataGranule);
  // Before the window there is a gap, named exactly.
  cursor = Sequence{0};
  REQUIRE(reader.next_run(cursor, {}, run, gap) == RunOutcome::gap);
  CHECK(gap == SequenceRange{Sequence{0}, all.from});
  // A pair of events has one time.
  CHECK(reader.timestamp_of(Sequence{301}) == Timestamp{time_of(300)});
}

TEST_CASE("golden: embeddings are read by nothing but the schema that their segment embeds") {
  const Reader reader = open_golden("embedding.ring");
  CHECK(reader.epoch() == Epoch{0x8877665544332211});
  const Result<EventPrinter> printer = EventPrinter::from_schema(reader.schema());
  REQUIRE(printer.has_value());
  const Drained drained = drain(reader);
  CHECK_FALSE(drained.fault);
  REQUIRE(drained.payloads.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    INFO("sequence " << i);
    CHECK(drained.timestamps[i].ns == kCreatedNs + (i < 4 ? i : 1'000'000'000));
    const Result<std::string> text = printer->print(drained.payloads[i]);
    REQUIRE(text.has_value());
    CHECK(json::parse(*text) == (i < 4 ? single_event(static_cast<int>(i)) : batch_event()));
  }
}

TEST_CASE("golden: a segment without events and without a schema is one") {
  const Reader reader = open_golden("empty.ring");
  CHECK(reader.epoch() == Epoch{0xDEADBEEF});
  CHECK(reader.schema().empty());
  CHECK(reader.window() == SequenceRange{});
  Sequence cursor;
  Run run;
  SequenceRange gap;
  CHECK(reader.next_run(cursor, {}, run, gap) == RunOutcome::nothing);
}

TEST_CASE("golden: what is not to be read is refused by name (F-1, F-3, F-4)") {
  struct Refused {
    const char* file;
    Errc code;
    const char* says;
  };
  const Refused refused =
      GENERATE(Refused{"version-1.ring", Errc::incompatible, "found 1;"},
               Refused{"version-3.ring", Errc::incompatible, "found 3;"},
               Refused{"other-byte-order.ring", Errc::incompatible, "byte order"},
               Refused{"wrong-checksum.ring", Errc::corrupt, "fixed_crc32c"});
  INFO(refused.file);
  const Result<Reader> reader = open_reader(golden(refused.file));
  REQUIRE_FALSE(reader.has_value());
  CHECK(reader.error().code == refused.code);
  CHECK(reader.error().message.find(refused.says) != std::string::npos);
  CHECK(reader.error().message.find(refused.file) != std::string::npos);

  // A producer of that name does not touch it either (D-8).
  const TemporaryBus temporary;
  const fs::path path = copy_into(temporary, refused.file);
  const auto before = read_at(path, 0, fs::file_size(path));
  const Result<Writer> writer = open_writer(temporary.bus(), kName, small_ring());
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().code == refused.code);
  CHECK(read_at(path, 0, fs::file_size(path)) == before);
}

TEST_CASE("golden: a producer goes on in a copy with the next sequence, in the same epoch") {
  const std::string file = GENERATE("load.ring", "embedding.ring", "empty.ring");
  INFO(file);
  const TemporaryBus temporary;
  copy_into(temporary, file);
  const Reader before = open_golden(file);
  const SequenceRange window = before.window();
  const Drained old = drain(before);
  const std::vector<std::byte> schema = schema_of(before);
  const Reader attached = make_reader(temporary.bus());
  CHECK(attached.window() == window);

  Writer writer = make_writer(temporary.bus(), options_of(before, schema));
  CHECK(writer.origin() == Origin::reopened);
  CHECK(writer.geometry().epoch == before.epoch());
  CHECK(writer.next() == window.to);
  CHECK(writer.oldest() == window.from);
  const std::vector<std::byte> payload = bytes_of("one more");
  CHECK(writer.publish(payload) == window.to);

  // The reader that was there before goes on as well, and finds all that the caps still hold.
  CHECK(attached.window().to == window.to + 1);
  const Drained now_there = drain(attached);
  CHECK_FALSE(now_there.fault);
  REQUIRE_FALSE(now_there.payloads.empty());
  CHECK(now_there.sequences.back() == window.to);
  CHECK(now_there.payloads.back() == payload);
  const std::size_t kept = now_there.payloads.size() - 1;
  CHECK(kept == std::min<std::uint64_t>(old.payloads.size(), before.geometry().retain_events - 1));
  CHECK(std::equal(now_there.payloads.begin(), now_there.payloads.end() - 1,
                   old.payloads.end() - static_cast<std::ptrdiff_t>(kept)));
}
