// Segments with damage in them: a record costs itself, and a segment that cannot be read any more
// is reported to each client, whatever its mode and wherever it is in its replay.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "bus/segment.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"
#include "tests/wire/collector.hpp"
#include "tests/wire/event_follower.hpp"
#include "tests/wire/http_client.hpp"
#include "tests/wire/load_events.hpp"
#include "tests/wire/raw_segment.hpp"

using namespace ringside;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

constexpr const char* kDashboard = RINGSIDE_BIN "/ringside-dashboard";

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("a damaged record costs that record, in each mode, and nobody else anything") {
  const std::uint64_t damaged = GENERATE(0U, 5U, 99U);
  const std::uint64_t word = GENERATE(0U, 8U);  // its size, its number
  INFO("record " << damaged << ", word " << word);
  const TemporaryDirectory bus;
  const TemporaryDirectory elsewhere;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(100);
  const RawSegment raw(bus.path() / "events" / "p.ring");
  const std::string log = (elsewhere.path() / "log").string();
  Dashboard dashboard(
      kDashboard, bus.text(),
      Process::Options{.command = {}, .environment = {}, .quiet = false, .errors = log});
  // One that is live already notices nothing.
  Collector before;
  StreamClient early(dashboard.port());
  before.take_until_live(early);
  raw.flip(raw.record(damaged) + word, 0x40);

  EventFollower event("event");
  EventFollower json("json");
  Collector run;
  StreamClient event_client(dashboard.port(), event.target());
  StreamClient json_client(dashboard.port(), json.target());
  StreamClient run_client(dashboard.port(), "/v1/stream?mode=run&max_message=4096");
  event.take_until_live(event_client);
  json.take_until_live(json_client);
  run.take_until_live(run_client);
  producer.publish(10);
  event.take_until(event_client, [&] { return event.of(producer.epoch()).wanted == 110; });
  json.take_until(json_client, [&] { return json.of(producer.epoch()).wanted == 110; });
  run.take_until(run_client, [&] { return run.of(producer.epoch()).wanted == 110; });
  before.take_until(early, [&] { return before.of(producer.epoch()).wanted == 110; });
  CHECK(before.of(producer.epoch()).gaps.empty());
  for (const EventFollower* one : {&event, &json}) {
    const EventFollower::Known& known = one->of(producer.epoch());
    CHECK(known.records == 109);
    REQUIRE(known.gaps.size() == 1);
    CHECK(known.gaps[0].from == damaged);
    CHECK(known.gaps[0].reason == "invalid");
  }
  CHECK(run.only().records == 109);
  REQUIRE(run.only().gaps.size() == 1);
  CHECK(run.only().gaps[0].from == damaged);
  CHECK(run.only().gaps[0].to == damaged + 1);
  CHECK(run.only().gaps[0].reason == "invalid");
  const std::string said = text_of(log);
  CHECK(said.find("the record of sequence " + std::to_string(damaged) + " is damaged") !=
        std::string::npos);
  CHECK(said.find("quarantined") == std::string::npos);
  CHECK(said.find("remove") == std::string::npos);
}

TEST_CASE("a payload with a wrong checksum is a gap where clients cannot check it themselves") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(1000);
  const RawSegment raw(bus.path() / "events" / "p.ring");
  raw.flip(raw.record(500) + 64, 1);
  const Dashboard dashboard(kDashboard, bus.text());
  for (const char* mode : {"event", "json"}) {
    EventFollower follower(mode);
    StreamClient client(dashboard.port(), follower.target());
    follower.take_until_live(client);
    CHECK(follower.records() == 999);
    REQUIRE(follower.of(producer.epoch()).gaps.size() == 1);
    CHECK(follower.of(producer.epoch()).gaps[0].from == 500);
  }
}

TEST_CASE("a damaged index word costs nobody anything, in each mode and in the window") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(1000);
  const RawSegment raw(bus.path() / "events" / "p.ring");
  raw.poke(raw.index(500), 3);
  raw.poke(raw.index(1000), ~std::uint64_t{0});
  const Dashboard dashboard(kDashboard, bus.text());
  for (const char* mode : {"event", "json"}) {
    EventFollower follower(mode);
    StreamClient client(dashboard.port(), follower.target());
    follower.take_until_live(client);
    CHECK(follower.records() == 1000);
  }
  Collector run;
  StreamClient client(dashboard.port(), "/v1/stream?max_message=8192");
  run.take_until_live(client);
  CHECK(run.records() == 1000);
  CHECK(run.only().gaps.empty());
  const HttpAnswer window = http(dashboard.port(), "GET", "/v1/window/events/p");
  CHECK(window.status == 200);
  CHECK(window.headers.at("Ringside-Record-Count") == "1000");
  CHECK(window.body.size() ==
        raw.record(999) - raw.record(0) + (raw.record(999) - raw.record(998)));
}

TEST_CASE("the window is completed over a damaged record, which goes out as it stands") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(20'000);
  const RawSegment raw(bus.path() / "events" / "p.ring");
  raw.flip(raw.record(10'000) + 8, 1);
  const Dashboard dashboard(kDashboard, bus.text());
  const HttpAnswer window = http(dashboard.port(), "GET", "/v1/window/events/p");
  REQUIRE(window.status == 200);
  REQUIRE(window.headers.at("Ringside-Record-Count") == "20000");
  std::uint64_t intact = 0;
  for (std::uint64_t sequence = 0; sequence < 20'000; ++sequence) {
    const std::uint64_t at = raw.record(sequence) - raw.record(0);
    REQUIRE(at < window.body.size());
    const Bytes record{reinterpret_cast<const std::byte*>(window.body.data()) + at,
                       window.body.size() - at};
    if (decode_record(producer.geometry(), Sequence{sequence}, record)) ++intact;
  }
  CHECK(intact == 19'999);
}

TEST_CASE("a segment that contradicts itself in mid-replay is reported before live, in each mode") {
  const std::string mode = GENERATE("run", "event", "json");
  INFO("mode " << mode);
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 64 << 20, .retain_events = {}});
  producer.publish(100'000);
  const RawSegment raw(bus.path() / "events" / "p.ring");
  const Dashboard dashboard(kDashboard, bus.text());
  // Its buffers take a part of the replay, and no more until it reads on.
  const std::string target = "/v1/stream?max_message=4096&mode=" + mode;
  StreamClient client(dashboard.port(), target, 4096);
  Collector run;
  EventFollower single(mode);
  const auto wanted = [&] {
    const bool known = mode == "run" ? run.followed().size() == 1 : single.known().size() == 1;
    return !known          ? 0
           : mode == "run" ? run.of(producer.epoch()).wanted
                           : single.of(producer.epoch()).wanted;
  };
  const auto take = [&](StreamClient& from, const std::function<bool()>& done) {
    if (mode == "run")
      run.take_until(from, done);
    else
      single.take_until(from, done);
  };
  take(client, [&] { return wanted() > 0; });
  raw.poke(RawSegment::kNext, 3);
  if (mode == "run")
    run.take_until_live(client);
  else
    single.take_until_live(client);
  // To the last sequence that was announced.
  CHECK(wanted() == 100'000);
  const auto reason = [&] {
    return mode == "run" ? run.of(producer.epoch()).gaps.back().reason
                         : single.of(producer.epoch()).gaps.back().reason;
  };
  CHECK(reason() == "quarantined");

  // Whoever comes now is told the same of what its token names, and goes on when it is mended.
  StreamClient later(dashboard.port(),
                     "/v1/stream?mode=event&resume=" + producer.epoch() + ":99990");
  while (true) {
    const std::optional<Message> message = later.next();
    REQUIRE(message.has_value());
    const nlohmann::json reported = nlohmann::json::parse(message->payload);
    if (reported.at("type") == "live") FAIL("live without an answer to the token");
    if (reported.at("type") != "gap") continue;
    CHECK(reported.at("reason") == "quarantined");
    CHECK(reported.at("from") == 99'990);
    CHECK(reported.at("to") == 100'000);
    break;
  }
  raw.poke(RawSegment::kNext, 100'000);
  producer.publish(7);
  take(client, [&] { return wanted() == 100'007; });
  while (true) {
    const std::optional<Message> message = later.next(std::chrono::seconds(30));
    REQUIRE(message.has_value());
    if (message->kind == Message::Kind::binary) break;
    const nlohmann::json reported = nlohmann::json::parse(message->payload);
    if (reported.at("type") == "segment") CHECK(reported.at("from") == 100'000);
  }
}

TEST_CASE("each mode, cut short in mid-replay: data and gaps join before live, and it ends") {
  const std::string mode = GENERATE("run", "event", "json");
  INFO("mode " << mode);
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p",
                        {.capacity_bytes = 64 << 20, .retain_events = {}});
  producer.publish(100'000);
  const Dashboard dashboard(kDashboard, bus.text());
  Collector run;
  EventFollower single(mode);
  bool is_cut = false;
  // Where it is cut within a message, the client resumes, as it must.
  for (bool live = false; !live;) {
    const std::string token = run.resume_token();
    const std::string target =
        mode == "run" ? "/v1/stream?max_message=4096" + (token.empty() ? "" : "&resume=" + token)
                      : single.target();
    StreamClient client(dashboard.port(), target, 4096);
    run.begin_connection();
    if (!is_cut) {
      if (mode == "run")
        run.take_until(client, [&] { return run.records() > 0; });
      else
        single.take_until(client, [&] { return single.records() > 0; });
      std::filesystem::resize_file(bus.path() / "events" / "p.ring", 8192);
      is_cut = true;
    }
    const std::optional<Message> close =
        mode == "run" ? run.take_until_live(client) : single.take_until_live(client);
    live = !close;
    if (!live) {
      REQUIRE(close->close_code == 4000);
      continue;
    }
    // Whatever it was told of the rest, in the end it is told that the epoch is gone.
    const auto is_gone = [](const auto& known) {
      return known.ended || (!known.gaps.empty() && known.gaps.back().reason == "reset");
    };
    if (mode == "run")
      run.take_until(client, [&] { return is_gone(run.only()); });
    else
      single.take_until(client, [&] { return is_gone(single.of(producer.epoch())); });
  }
}

TEST_CASE("a next that was scribbled on for an instant is believed by nobody") {
  const TemporaryDirectory bus;
  LoadProducer producer(bus.text(), "events", "p");
  producer.publish(100);
  const RawSegment raw(bus.path() / "events" / "p.ring");
  const Dashboard dashboard(kDashboard, bus.text());
  {
    Collector before;
    StreamClient client(dashboard.port());
    before.take_until_live(client);
  }
  raw.poke(RawSegment::kNext, std::uint64_t{1} << 60);
  Collector collector;
  StreamClient client(dashboard.port());
  collector.take_until_live(client);
  raw.poke(RawSegment::kNext, 100);
  for (const auto& [epoch, followed] : collector.followed()) CHECK(followed.wanted <= 100);
  // It is taken back, for whoever comes.
  CHECK(wait_until([&] {
    Collector later;
    StreamClient other(dashboard.port());
    later.take_until_live(other);
    return later.records() == 100;
  }));
}
