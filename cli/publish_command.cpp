// `ringside publish`: any program that prints a JSON object a line is a producer.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include <unistd.h>

#include "bus/program/progress_line.hpp"
#include "bus/program/stop_signal.hpp"
#include "cli/commands.hpp"
#include "cli/line_reader.hpp"
#include "cli/open_producer.hpp"
#include "schemas/event_check.hpp"
#include "schemas/event_parse.hpp"

namespace ringside::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// While no line comes, this often a signal and the age of events are looked at.
constexpr std::chrono::milliseconds kIdle{200};
/// After a signal, what has been printed by then is published still: as much as a pipe may hold.
constexpr std::uint64_t kMostInPipe = 1024 * 1024;
/// Refusals that are reported one by one; the rest is counted.
constexpr std::uint64_t kMostReported = 100;

struct Options {
  ProducerOptions segment;
  std::string schema;
  std::string type;
};

/// As long as the JSON of an event of this segment may be: what `tail` prints can be published.
std::uint64_t longest_line(const Producer& producer) {
  return kLongestJson + kLongestJsonTimes * producer.writer().max_payload();
}

Result<EventType> type_of(const Options& options) {
  if (options.type == "embedding") return EventType::embedding();
  if (options.type == "load") return EventType::load();
  return EventType::from_schema_file(options.schema);
}

class Publishing {
 public:
  Publishing(const Bus& bus, const Options& options, EventType type, Producer producer)
      : bus_(bus),
        options_(options),
        type_(std::move(type)),
        json_(type_.parser()),
        producer_(std::move(producer)) {}

  Result<int> run() {
    LineReader::Next next = LineReader::Next::nothing;
    std::optional<std::uint64_t> stop_at;  // bytes
    while (next != LineReader::Next::end) {
      if (!stop_at && stop_requested()) stop_at = lines_.bytes() + kMostInPipe;
      next = lines_.next(stop_at ? std::chrono::milliseconds(0) : kIdle);
      if (next == LineReader::Next::failed) return cannot_read();
      if (stop_at && (next == LineReader::Next::nothing || lines_.bytes() > *stop_at)) break;
      if (next == LineReader::Next::nothing)
        producer_.expire();
      else if (next == LineReader::Next::too_long)
        refuse("longer than " + std::to_string(longest_line(producer_)) +
               " bytes, which no event of this segment is as JSON");
      else if (next == LineReader::Next::line && !is_blank(lines_.line()))
        RINGSIDE_CHECK(take(lines_.line()));
      if (progress_.is_due()) show_progress();
    }
    show_progress();
    progress_.end();
    if (next == LineReader::Next::end) return refused_ == 0 ? 0 : 1;
    return stopped(next == LineReader::Next::nothing && lines_.line().empty());
  }

 private:
  static bool is_blank(const std::string& line) {
    return line.find_first_not_of(" \t") == std::string::npos;
  }

  int cannot_read() {
    show_progress();
    progress_.end();
    say("cannot read standard input after line ", std::to_string(lines_.number()), ": ",
        std::strerror(lines_.error()));
    return 1;
  }

  /// The exit status after a signal: whether anything of the input was left unread.
  int stopped(bool is_drained) {
    if (!is_drained)
      say("stopped by a signal; what came after line ", std::to_string(lines_.number()),
          " was not published");
    return is_drained && refused_ == 0 ? 0 : 1;
  }

  /// Fails only if nothing can be published any more.
  Result<void> take(const std::string& line) {
    const Result<Bytes> event = json_.parse(line);
    if (!event) {
      refuse(event.error().message);
      return {};
    }
    Result<Sequence> published = producer_.publish(*event);
    if (!published && published.error().code == Errc::detached) {
      say(producer_.name().text(),
          ": the segment's file was removed, replaced or shortened; going on in a new one from "
          "line ",
          std::to_string(lines_.number()));
      RINGSIDE_TRY(producer_, open_producer(bus_, options_.segment, type_));
      published = producer_.publish(*event);
    }
    if (published)
      ++done_;
    else
      refuse(published.error().message);
    return {};
  }

  void refuse(const std::string& why) {
    if (++refused_ > kMostReported) return;
    progress_.erase();
    say("line ", std::to_string(lines_.number()), ": ", why);
    if (refused_ == kMostReported) say("further lines that are refused are only counted");
  }

  void show_progress() {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    progress_.show(
        "ringside: %llu events of %llu lines, %llu refused, %.1f MB, %.0f a second",
        static_cast<unsigned long long>(done_), static_cast<unsigned long long>(lines_.number()),
        static_cast<unsigned long long>(refused_), static_cast<double>(lines_.bytes()) / 1e6,
        seconds > 0 ? static_cast<double>(done_) / seconds : 0.0);
  }

  const Bus& bus_;
  const Options& options_;
  EventType type_;
  EventParser json_;
  Producer producer_;
  LineReader lines_{STDIN_FILENO, longest_line(producer_)};
  Clock::time_point begin_ = Clock::now();
  ProgressLine progress_{stderr, {.on_terminal = std::chrono::seconds(1)}};
  std::uint64_t done_ = 0;
  std::uint64_t refused_ = 0;
};

Result<int> publish(const Bus& bus, const Options& options) {
  RINGSIDE_TRY(EventType type, type_of(options));
  RINGSIDE_TRY(Producer producer, open_producer(bus, options.segment, type));
  return Publishing(bus, options, std::move(type), std::move(producer)).run();
}

}  // namespace

Command add_publish(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* parser = app.add_subcommand(
      "publish",
      "Publish what another program prints: a JSON object a line on standard input is an event. A "
      "line that is none is refused with its number and reason, the rest goes on, and the exit "
      "status is 1");
  add_producer_options(*parser, options->segment);
  CLI::Option_group* const kind = parser->add_option_group("What an event is");
  kind->add_option(
      "--schema", options->schema,
      "The FlatBuffers schema of the events, .fbs or .bfbs; its root_type is the event");
  kind->add_option("--type", options->type,
                   "A built-in one: embedding (points of the scatter) or load; as the schemas "
                   "event.fbs and load.fbs say")
      ->check(CLI::IsMember({"embedding", "load"}));
  kind->require_option(1);
  parser->footer(
      std::string("For example:\n") +
      "  my-program | ringside publish readings --producer mine --schema reading.fbs\n"
      "with a line such as {\"sensor\": \"roof\", \"celsius\": 21.5}. The type of a union is a "
      "field\n"
      "of its own: {\"body_type\": \"Embedding\", \"body\": {\"episode_id\": \"e1\", \"x\": 0.5}}. "
      "A "
      "line may be as long as the JSON of an event that fits the segment: 64 MiB, and 64 times\n"
      "the event.\n" +
      parser->get_footer());
  return {parser, [options](const Bus& bus) { return publish(bus, *options); }};
}

}  // namespace ringside::cli
