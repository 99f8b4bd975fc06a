// Events built by the producer or handed over: verified before anyone can see them, refused without
// a trace.
#include "producer_shim/producer.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "load_generated.h"
#include "tests/support/temporary_directory.hpp"

namespace ringside {
namespace {

using support::TemporaryDirectory;

const SegmentName kName{"load", "test"};

struct Opened {
  TemporaryDirectory directory;
  Bus bus{directory.path()};
  Result<Producer> producer =
      Producer::open(bus, kName, EventType::load(), {.capacity_bytes = 65536, .retain_events = {}});
  Result<Reader> reader = open_reader(bus, kName);

  Opened() {
    REQUIRE(producer.has_value());
    REQUIRE(reader.has_value());
  }

  Result<Sequence> build(std::uint64_t seed, std::size_t words) {
    return producer->build([&](flatbuffers::FlatBufferBuilder& builder) {
      const std::vector<std::uint64_t> values(words, seed);
      FinishLoadBuffer(builder, CreateLoadDirect(builder, seed, 7, &values));
    });
  }
};

std::vector<std::byte> load_event(std::size_t words) {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<std::uint64_t> values(words, 3);
  FinishLoadBuffer(builder, CreateLoadDirect(builder, 1, 2, &values));
  const auto* bytes = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {bytes, bytes + builder.GetSize()};
}

/// The binary schema `bytes` of FlatBuffers text would need a compiler; these are the embedded
/// ones.
Bytes load_schema() {
  static const EventType type = EventType::load();
  return type.schema();
}

TEST_CASE("an event that the producer builds is the one that readers get, however it grows") {
  Opened opened;
  // Small after large and large after small, so that the first claim is now too large, now too
  // small.
  for (const std::size_t words : {1u, 0u, 10u, 500u, 3u, 2000u, 7000u, 1u, 8000u, 100u, 8150u}) {
    INFO(words << " words");
    const Result<Sequence> published = opened.build(words + 5, words);
    if (!published) FAIL(published.error().message);
    RecordCopier copier(*opened.reader, *published);
    REQUIRE(copier.next() == RunOutcome::run);
    const Bytes payload = copier.record().payload;
    REQUIRE(EventType::load().verify(payload));
    const Load* load = GetLoad(payload.data());
    CHECK(load->seed() == words + 5);
    CHECK(load->words()->size() == words);
    for (const std::uint64_t word : *load->words()) REQUIRE(word == words + 5);
  }
}

TEST_CASE("every event that a record can hold can be built, whatever was built before it") {
  Opened opened;
  const std::uint64_t most = opened.producer->writer().max_payload();
  for (std::size_t words = 1; words < 8400; words += 97) {
    const std::vector<std::byte> event = load_event(words);
    INFO(words << " words, " << event.size() << " of at most " << most << " bytes");
    CHECK(opened.build(1, words).has_value() == (event.size() <= most));
    CHECK(opened.producer->publish(event).has_value() == (event.size() <= most));
    REQUIRE(opened.build(1, 1).has_value());
  }
}

TEST_CASE("an event that does not verify is refused and the window is as it was") {
  Opened opened;
  REQUIRE(opened.build(1, 10).has_value());
  const SequenceRange before = opened.reader->window();
  std::vector<std::byte> event = load_event(10);
  SECTION("another identifier") {
    event[4] = std::byte{'X'};
  }
  SECTION("a root outside") {
    event[1] = std::byte{0x7F};
  }
  SECTION("cut short") {
    event.resize(event.size() - 9);
  }
  SECTION("empty") {
    event.clear();
  }
  SECTION("random bytes") {
    event = std::vector<std::byte>(64, std::byte{0xA5});
  }
  const Result<Sequence> refused = opened.producer->publish(event);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::bad_event);
  CHECK(refused.error().message.find("load/test") != std::string::npos);
  CHECK(opened.reader->window() == before);
}

TEST_CASE("an event built without its identifier is refused, and the next one is not hurt") {
  Opened opened;
  const Result<Sequence> refused =
      opened.producer->build([](flatbuffers::FlatBufferBuilder& builder) {
        const std::vector<std::uint64_t> values(5, 1);
        builder.Finish(CreateLoadDirect(builder, 1, 2, &values));
      });
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code == Errc::bad_event);
  CHECK(opened.reader->window().to == Sequence{0});
  const Result<Sequence> next = opened.build(1, 5);
  REQUIRE(next.has_value());
  CHECK(*next == Sequence{0});
}

TEST_CASE("an event that is too large is refused with both sizes, and the window is as it was") {
  Opened opened;
  REQUIRE(opened.build(1, 10).has_value());
  const SequenceRange before = opened.reader->window();
  const std::vector<std::byte> event = load_event(9000);
  const Result<Sequence> published = opened.producer->publish(event);
  REQUIRE_FALSE(published.has_value());
  CHECK(published.error().code == Errc::too_large);
  CHECK(published.error().message.find(std::to_string(event.size())) != std::string::npos);
  CHECK(published.error().message.find("65512") != std::string::npos);
  CHECK(opened.reader->window() == before);
  const Result<Sequence> built = opened.build(1, 9000);
  REQUIRE_FALSE(built.has_value());
  CHECK(built.error().code == Errc::too_large);
  // Its room was claimed, so old events may have gone, but nothing of it is seen.
  CHECK(opened.reader->window().to == before.to);
  CHECK(opened.build(1, 10).has_value());
}

TEST_CASE("a type made from a binary schema takes the events of that schema and no others") {
  const Result<EventType> type = EventType::from_binary_schema(load_schema());
  REQUIRE(type.has_value());
  CHECK(type->id() == EventType::load().id());
  CHECK(std::equal(type->schema().begin(), type->schema().end(), load_schema().begin(),
                   load_schema().end()));
  const std::vector<std::byte> event = load_event(10);
  CHECK(type->verify(event));
  std::vector<std::byte> other = event;
  other[4] = std::byte{'X'};
  CHECK_FALSE(type->verify(other));
  for (std::size_t size = 0; size < event.size(); ++size) {
    // Of exactly that size, so that reading on is seen by the address sanitizer.
    const std::vector<std::byte> part(event.begin(),
                                      event.begin() + static_cast<std::ptrdiff_t>(size));
    if (type->verify(part) && size + 8 < event.size()) FAIL("cut to " << size);
  }
}

TEST_CASE("what is no binary schema cannot be a type") {
  const std::vector<std::byte> schema(load_schema().begin(), load_schema().end());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{3}, std::size_t{8}, schema.size() / 2}) {
    const std::vector<std::byte> part(schema.begin(),
                                      schema.begin() + static_cast<std::ptrdiff_t>(size));
    const Result<EventType> type = EventType::from_binary_schema(part);
    REQUIRE_FALSE(type.has_value());
    CHECK(type.error().code == Errc::bad_argument);
  }
}

TEST_CASE("what is built in claimed room is verified when it is committed") {
  Opened opened;
  const std::vector<std::byte> event = load_event(4);
  const auto fill = [&](std::size_t room) {
    const auto claimed = opened.producer->claim(room);
    REQUIRE(claimed.has_value());
    REQUIRE(claimed->size() == room);
    std::memcpy(claimed->data(), event.data(), event.size());
  };
  fill(event.size() + 100);
  CHECK(opened.producer->commit(event.size()).value() == Sequence{0});
  CHECK(opened.producer->commit(event.size()).error().code == Errc::bad_argument);
  fill(event.size());
  CHECK(opened.producer->commit(event.size() + 1).error().code == Errc::bad_argument);
  CHECK(opened.producer->commit(event.size()).error().code == Errc::bad_argument);
  fill(event.size());
  CHECK(opened.producer->commit(event.size() - 8).error().code == Errc::bad_event);
  fill(event.size());
  REQUIRE(opened.producer->publish(event).has_value());  // which abandons the claim
  CHECK(opened.producer->commit(event.size()).error().code == Errc::bad_argument);
  CHECK(opened.producer->claim(1 << 20).error().code == Errc::too_large);
  fill(event.size());
  CHECK(opened.producer->commit_alike(event.size()).value() == Sequence{2});
  CHECK(opened.reader->window().to == Sequence{3});
}

TEST_CASE("a claim is gone once another event is published, in whatever way") {
  Opened opened;
  const auto claim = [&] { REQUIRE(opened.producer->claim(2000).has_value()); };
  claim();
  SECTION("built") {
    REQUIRE(opened.build(1, 3).has_value());
  }
  SECTION("built, and refused") {
    REQUIRE_FALSE(opened.producer->build([](flatbuffers::FlatBufferBuilder& builder) {
      builder.Finish(CreateLoad(builder, 1));  // without its identifier
    }));
  }
  SECTION("handed over") {
    REQUIRE(opened.producer->publish(load_event(3)).has_value());
  }
  const Sequence next = opened.producer->writer().next();
  const auto committed = opened.producer->commit(2000);
  REQUIRE_FALSE(committed.has_value());
  CHECK(committed.error().code == Errc::bad_argument);
  CHECK(opened.reader->window().to == next);
}

TEST_CASE("a schema that would change the meaning of its events is refused, with the place") {
  const TemporaryDirectory directory;
  const auto refusal_of = [&](const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(directory.path()) / name;
    std::ofstream(path) << text;
    const auto type = EventType::from_schema_file(path);
    return type ? std::string("taken") : type.error().message;
  };
  using Catch::Matchers::Contains;
  // A binary schema has a signed number for each default.
  const std::string most = "table A { x:ulong = 9223372036854775807; } root_type A;";
  CHECK_THAT(refusal_of("most.fbs", most), Contains("taken"));
  const std::string more = "table A { x:ulong = 9223372036854775808; } root_type A;";
  CHECK_THAT(refusal_of("more.fbs", more), Contains("A.x: a default above 2^63 - 1"));
  const std::string named =
      "enum E:ulong { a, b = 18446744073709551615 } table B { e:E = b; } root_type B;";
  CHECK_THAT(refusal_of("named.fbs", named), Contains("B.e: a default above 2^63 - 1"));
  CHECK_THAT(refusal_of("nul.fbs", std::string("table A {}\0", 11)), Contains("it holds a NUL"));
  CHECK_THAT(EventType::from_schema_file(directory.path()).error().message,
             Contains("Is a directory"));

  // Whoever builds an event with such an identifier would end in an assertion.
  std::string binary(reinterpret_cast<const char*>(load_schema().data()), load_schema().size());
  const std::size_t at = binary.find("RSLD");
  REQUIRE(at != std::string::npos);
  binary[at + 1] = '\0';
  CHECK_THAT(refusal_of("id.bfbs", binary), Contains("file_identifier"));
}

}  // namespace
}  // namespace ringside
