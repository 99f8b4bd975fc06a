// `ringside tail`: prints the events of a channel or of one producer, merged by time.
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "bus/doorbell.hpp"
#include "bus/inspect/discovery.hpp"
#include "bus/inspect/reader_table.hpp"
#include "bus/inspect/status.hpp"
#include "bus/program/run_program.hpp"
#include "bus/program/start_text.hpp"
#include "bus/program/stop_signal.hpp"
#include "cli/commands.hpp"
#include "producer_shim/producer_options.hpp"
#include "schemas/event_print.hpp"

namespace ringside::cli {
namespace {

/// How long a follower sleeps at most before it looks at the directory again.
constexpr std::chrono::milliseconds kLookAgain{500};

struct Options {
  std::string target;
  std::string from = "oldest";
  bool follow = false;
  bool json = false;
};

/// One segment being printed, with the next record to print, if there is one.
struct Source {
  Source(AttachedSegment attached, EventPrinter json, Sequence from)
      : segment(std::move(attached)), printer(std::move(json)), copier(segment->reader, from) {}

  AttachedSegment segment;
  EventPrinter printer;
  RecordCopier copier;
  bool pending = false;
  bool finished = false;  // nothing more can come: removed, replaced, or corrupt
  bool vanished = false;
  std::optional<ReaderSlot> listed;  // in the table of readers, where it can be written

  /// Notes in the table of readers what is wanted next: what is pending is not printed yet.
  void note_cursor() noexcept {
    if (listed) listed->move_to(pending ? copier.record().sequence : copier.cursor());
  }
};

class Tail {
 public:
  Tail(const Bus& bus, Options options, const Start& start)
      : options_(std::move(options)), start_(start), discovery_(open(bus, options_.target)) {}

  Result<int> run() {
    RINGSIDE_CHECK(look());
    if (sources_.empty() && options_.follow && !failed_) say_waiting();
    // What keeps a segment from being read has been reported already.
    if (sources_.empty() && !options_.follow && failed_) return 1;
    if (sources_.empty() && !options_.follow) {
      RINGSIDE_CHECK(require_bus(discovery_.bus()));
      return fail(Errc::not_found, "no segment ", options_.target, " in ",
                  discovery_.bus().directory().string(), "; see ringside ls");
    }
    Result<Doorbell> doorbell = tl::unexpected<Error>(Error{Errc::not_found, 0, {}});
    is_following_ = true;
    while (!stop_requested()) {
      print_available();
      // main() says why.
      if (!flush_output()) return 1;
      if (!options_.follow || stop_requested()) break;
      if (!doorbell) doorbell = Doorbell::open(discovery_.bus());
      sleep(doorbell);
      RINGSIDE_CHECK(look());
    }
    return failed_ ? 1 : 0;
  }

 private:
  static Discovery open(const Bus& bus, const std::string& target) {
    const std::size_t slash = target.find('/');
    if (slash == std::string::npos) return Discovery(bus, target);
    return Discovery(bus, target.substr(0, slash), target.substr(slash + 1));
  }

  /// A misspelt name looks just like a producer that is late.
  void say_waiting() const {
    const Bus& bus = discovery_.bus();
    if (const Result<void> there = require_bus(bus); !there)
      say("waiting: ", there.error().message);
    else
      say("waiting: no segment ", options_.target, " in ", bus.directory().string(),
          " yet; see ringside ls");
  }

  Result<void> look() {
    RINGSIDE_TRY(const Changes changes, discovery_.refresh());
    for (const auto& segment : changes.quarantined) note_fault(with_advice(segment.reason));
    for (const AttachedSegment& gone : changes.vanished)
      for (Source& source : sources_)
        if (source.segment == gone) source.vanished = true;
    for (const AttachedSegment& segment : changes.appeared) {
      Result<EventPrinter> printer = EventPrinter::from_schema(segment->reader.schema());
      if (!printer) {
        note_fault(segment->name.text() + ": " + printer.error().message);
        continue;
      }
      sources_.emplace_back(segment, std::move(*printer), begin_of(*segment));
      sources_.back().listed = enlist(segment->reader.epoch());
      sources_.back().note_cursor();
    }
    return {};
  }

  /// Where to begin in a segment that has appeared. One that comes while others are followed is
  /// followed from its first event on, and what is gone of it already is a gap; one that was away
  /// for a while goes on.
  Sequence begin_of(const Attached& segment) {
    const Epoch epoch = segment.reader.epoch();
    const auto [known, is_new] = epochs_.try_emplace(segment.name, epoch);
    const auto wanted = wanted_.find(epoch.value);
    if (wanted != wanted_.end()) return wanted->second;
    if (!is_new) {
      say(segment.name.text(), ": a new epoch, ", to_hex(epoch));
      known->second = epoch;
    }
    return is_following_ ? Sequence{0} : segment.reader.seek(start_);
  }

  /// A slot in the table of readers. Where that cannot be written, or is full, `stat` knows one
  /// reader less and nothing else is different.
  std::optional<ReaderSlot> enlist(Epoch epoch) {
    if (!readers_ || !readers_->is_at(discovery_.bus()))
      readers_ = ReaderTable::open(discovery_.bus(), Access::read_write);
    return readers_ ? readers_->claim(epoch, "tail") : std::nullopt;
  }

  void note_fault(const std::string& message) {
    say(message);
    failed_ = true;
  }

  void print_available() {
    while (!stop_requested()) {
      Source* earliest = nullptr;
      for (Source& source : sources_) {
        fill(source);
        if (source.pending && (earliest == nullptr || source.copier.record().timestamp <
                                                          earliest->copier.record().timestamp))
          earliest = &source;
      }
      if (earliest == nullptr) break;
      print(*earliest);
      earliest->pending = false;
      earliest->note_cursor();
    }
    for (Source& source : sources_) source.note_cursor();
    std::erase_if(sources_, [this](const Source& source) {
      if (source.finished)
        wanted_.insert_or_assign(source.segment->reader.epoch().value, source.copier.cursor());
      return source.finished;
    });
  }

  void fill(Source& source) {
    while (!source.pending && !source.finished) {
      switch (source.copier.next()) {
        case RunOutcome::run:
          source.pending = true;
          break;
        case RunOutcome::nothing:
          source.finished = source.vanished;
          return;
        case RunOutcome::gap:
          say(source.segment->name.text(), ": sequences ",
              std::to_string(source.copier.gap().from.value), " to ",
              std::to_string(source.copier.gap().to.value - 1), " were overwritten unread");
          break;
        case RunOutcome::damaged:
          note_fault(sequences(source) + " damaged in the ring; all others are printed");
          break;
        case RunOutcome::corrupt:
          note_fault(source.segment->name.text() +
                     ": its header is corrupt, or its file was shortened; no more of it "
                     "can be read from sequence " +
                     std::to_string(source.copier.cursor().value) + " on; see ringside verify");
          source.finished = true;
          break;
      }
    }
  }

  /// Which are missing, as the beginning of a sentence.
  static std::string sequences(const Source& source) {
    const SequenceRange& gap = source.copier.gap();
    const std::string name = source.segment->name.text() + ": sequence";
    if (gap.count() == 1) return name + " " + std::to_string(gap.from.value) + " is";
    return name + "s " + std::to_string(gap.from.value) + " to " +
           std::to_string(gap.to.value - 1) + " are";
  }

  void print(const Source& source) {
    const Record& record = source.copier.record();
    const Result<std::string> event = source.printer.print(record.payload);
    const SegmentName& name = source.segment->name;
    const auto sequence = static_cast<unsigned long long>(record.sequence.value);
    if (!event) {
      note_fault(name.text() + ": sequence " + std::to_string(sequence) + ": " +
                 event.error().message);
      return;
    }
    if (options_.json) {
      std::printf(
          "{\"sequence\":%llu,\"timestamp_ns\":\"%llu\",\"producer\":\"%s\",\"epoch\":\"%s\","
          "\"event\":%s}\n",
          sequence, static_cast<unsigned long long>(record.timestamp.ns), name.producer.c_str(),
          to_hex(source.segment->reader.epoch()).c_str(), event->c_str());
      return;
    }
    const auto seconds = static_cast<std::time_t>(record.timestamp.ns / 1'000'000'000);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 32> clock{};
    std::array<char, 8> zone{};
    std::strftime(clock.data(), clock.size(), "%Y-%m-%dT%H:%M:%S", &local);
    std::strftime(zone.data(), zone.size(), "%z", &local);
    std::printf("%s.%06llu%s  %s  %llu  %s\n", clock.data(),
                static_cast<unsigned long long>(record.timestamp.ns / 1000 % 1'000'000),
                zone.data(), name.text().c_str(), sequence, event->c_str());
  }

  void sleep(Result<Doorbell>& doorbell) {
    if (!doorbell) {  // the bus is not there yet
      sleep_unless_stopped(std::chrono::milliseconds(100));
      return;
    }
    const std::uint32_t ticket = doorbell->prepare();
    for (const Source& source : sources_)
      if (source.copier.cursor() < source.segment->reader.window().to) return;
    doorbell->wait(ticket, kLookAgain);
  }

  Options options_;
  Start start_;
  Discovery discovery_;
  Result<ReaderTable> readers_ = tl::unexpected<Error>(Error{Errc::not_found, 0, {}});
  std::vector<Source> sources_;
  std::map<SegmentName, Epoch> epochs_;       // of each segment that was seen, the last
  std::map<std::uint64_t, Sequence> wanted_;  // what comes next in epochs that went away
  bool is_following_ = false;                 // what was there at the start has been looked at
  bool failed_ = false;
};

Result<int> tail(const Bus& bus, const Options& options) {
  const std::string_view target = options.target;
  const std::size_t slash = target.find('/');
  RINGSIDE_CHECK(check_name("channel", target.substr(0, slash)));
  if (slash != std::string::npos) RINGSIDE_CHECK(check_name("producer", target.substr(slash + 1)));
  RINGSIDE_TRY(const Start start, parse_start(options.from));
  return Tail(bus, options, start).run();
}

}  // namespace

Command add_tail(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  CLI::App* parser = app.add_subcommand("tail", "Print the events of a channel");
  parser->add_option("CHANNEL[/PRODUCER]", options->target, "What to print")->required();
  parser
      ->add_option("--from", options->from,
                   "Where to begin in each segment: oldest, latest, last:N, seq:N or since:10s")
      ->capture_default_str();
  parser
      ->add_option_function<std::uint64_t>(
          "-n", [options](std::uint64_t count) { options->from = "last:" + std::to_string(count); },
          "The last N events of each segment: the same as --from last:N")
      ->type_name("N")
      ->check(at_least_one())
      ->excludes("--from");
  parser->add_flag("--follow,-f", options->follow, "Go on with what is published from now on");
  parser->add_flag("--json", options->json,
                   "One JSON object a line: sequence, timestamp_ns, producer, epoch, event");
  return {parser, [options](const Bus& bus) { return tail(bus, *options); }};
}

}  // namespace ringside::cli
