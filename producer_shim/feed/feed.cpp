#include "producer_shim/feed/feed.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include "bus/inspect/contents.hpp"
#include "bus/program/stop_signal.hpp"
#include "producer_shim/feed/file_watch.hpp"
#include "producer_shim/feed/reported_read.hpp"
#include "producer_shim/feed/segment_owner.hpp"
#include "producer_shim/feed/writer_check.hpp"

namespace ringside::feed {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How often the file is looked at although nothing was reported of it.
constexpr milliseconds kLookEvery{500};
/// A change is acted upon when it has been quiet for the first, or after the second at the latest.
constexpr milliseconds kQuiet{20};
constexpr milliseconds kMaxUnquiet{200};
/// A file that is being written is looked at again this soon, and reported after this long.
constexpr milliseconds kLookAtBusy{250};
constexpr milliseconds kLongBusy{2000};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// What the segment is to hold: the last fit that could be used.
struct Wanted {
  CycleEvents events;
  Digest content;  ///< of the file
  double read_ms = 0;
  double build_ms = 0;
  bool is_published = false;  ///< and was not seen to be gone
};

class Feed {
 public:
  explicit Feed(const FeedOptions& options)
      : options_(options),
        path_(options.file),
        owner_(Bus::locate(options.bus), options.producer) {}

  Result<void> publish_once() {
    RINGSIDE_TRY(auto file, OpenedFile::open(path_));
    auto verdict = writer_.judge(file, file.state(), nullptr);
    for (; verdict == WriterCheck::Verdict::unknown && !stop_requested();
         verdict = writer_.judge(file, file.state(), nullptr)) {
      note_unknown_writer();
      sleep_unless_stopped(kLookAtBusy);
    }
    if (verdict == WriterCheck::Verdict::being_written)
      return fail(Errc::corrupt, "cannot use ", path_.string(),
                  " as a fit: a program has it open to write it; try again when it is closed, or "
                  "use --watch");
    const Clock::time_point start = Clock::now();
    const FileState before = file.state();
    const auto fit = read_with_progress(file, path_);
    if (stop_requested()) return fail(Errc::system, "stopped; nothing was published");
    if (was_changed(before, file.state()))
      return fail(Errc::corrupt, "cannot use ", path_.string(),
                  " as a fit: it was written while it was read; try again, or use --watch");
    if (!fit) return tl::unexpected<Error>(cannot_use(path_, fit.error()));
    RINGSIDE_CHECK(want(*fit, {}, milliseconds_since(start)));
    return publish();
  }

  Result<void> follow() {
    RINGSIDE_TRY(auto watch, FileWatch::open(path_));
    for (bool first = true; !stop_requested(); first = false) {
      if (first || state_of(path_) != tried_) {
        if (!first) settle(watch);
        look(watch);
      }
      RINGSIDE_CHECK(keep_published());
      owner_.expire();
      watch.wait(busy_since_ ? kLookAtBusy : kLookEvery);
    }
    return {};
  }

 private:
  /// Whether the file was written between the two. Being replaced changes neither of these.
  static bool was_changed(const FileState& before, const FileState& after) {
    return before.bytes != after.bytes || before.modified_ns != after.modified_ns;
  }

  static void settle(FileWatch& watch) {
    const Clock::time_point start = Clock::now();
    while (watch.wait(kQuiet) && Clock::now() - start < kMaxUnquiet && !stop_requested()) {
    }
  }

  /// Takes the file as it is now: as what is wanted, or says why not.
  void look(FileWatch& watch) {
    auto file = OpenedFile::open(path_);
    if (!file) {
      tried_ = state_of(path_);
      report_file(file.error());
      return;
    }
    const Clock::time_point start = Clock::now();
    watch.was_written();  // what is written from here on is reported at the end
    const FileState before = file->state();
    const WriterCheck::Verdict verdict = writer_.judge(*file, before, &watch);
    if (verdict != WriterCheck::Verdict::complete) return stay_busy(verdict);
    const auto content = file->digest();
    if (content && wanted_ && *content == wanted_->content) {
      accept(before, watch);
      reported_.clear();
      std::fprintf(stderr,
                   "ringside-feed: %s: note: it holds what it held; nothing new to publish\n",
                   path_.c_str());
      return;
    }
    const auto fit = read_with_progress(*file, path_);
    if (stop_requested()) return;
    if (watch.was_written() || was_changed(before, file->state()) ||
        file->writers() == OpenedFile::Writers::some)
      return stay_busy(WriterCheck::Verdict::being_written);
    accept(before, watch);
    if (!content) return report_file(cannot_use(path_, content.error()));
    if (!fit) return report_file(cannot_use(path_, fit.error()));
    if (auto wanted = want(*fit, *content, milliseconds_since(start)); !wanted)
      report_file(cannot_use(path_, wanted.error()));
  }

  /// The file in this state needs no other look.
  void accept(const FileState& state, FileWatch& watch) {
    busy_since_.reset();
    tried_ = state;
    watch.forget();
  }

  /// The file is being written, so it is looked at again soon.
  void stay_busy(WriterCheck::Verdict verdict) {
    const Clock::time_point now = Clock::now();
    if (!busy_since_) busy_since_ = now;
    if (verdict == WriterCheck::Verdict::unknown)
      note_unknown_writer();
    else if (now - *busy_since_ > kLongBusy)
      report_once(
          "a program has " + path_.string() + " open and writes it; waiting until it closes it",
          consequence());
  }

  void note_unknown_writer() {
    if (std::exchange(unknown_writer_noted_, true)) return;
    std::fprintf(stderr,
                 "ringside-feed: %s: note: nothing reports whether it is still being written (only "
                 "its owner may ask), so it is read after %lld s without a change; a file that is "
                 "renamed to this name is read at once\n",
                 path_.c_str(), static_cast<long long>(WriterCheck::kQuiet.count()));
  }

  /// Says once what is wrong, until it is another thing or all is well again.
  void report_once(const std::string& message, const char* consequence) {
    if (message == reported_) return;
    reported_ = message;
    std::fprintf(stderr, "ringside-feed: %s; %s\n", message.c_str(), consequence);
  }

  void report_file(const Error& error) { report_once(error.message, consequence()); }

  const char* consequence() const {
    return wanted_ ? "the last good fit stays" : "waiting for a complete one";
  }

  Result<void> want(const ParquetFit& fit, const Digest& content, double read_ms) {
    print_notes(fit, path_);
    const Clock::time_point start = Clock::now();
    RINGSIDE_TRY(auto events, CycleEvents::build(fit.points, owner_.next_cycle()));
    wanted_.emplace(Wanted{.events = std::move(events),
                           .content = content,
                           .read_ms = read_ms,
                           .build_ms = milliseconds_since(start)});
    return {};
  }

  /// Publishes what is wanted unless it stands already. Fails only if nothing was published before:
  /// whoever started us should know. Later, someone may mend the segment.
  Result<void> keep_published() {
    if (!wanted_) return {};
    if (wanted_->is_published && owner_.is_detached()) {
      wanted_->is_published = false;
      std::fprintf(stderr,
                   "ringside-feed: %s: its file was removed or replaced; publishing again\n",
                   options_.producer.name.text().c_str());
    }
    if (wanted_->is_published) return {};
    auto published = publish();
    if (published) {
      reported_.clear();
      has_published_ = true;
    } else if (has_published_) {
      report_once(published.error().message, "trying again until it can be published");
      return {};
    }
    return published;
  }

  Result<void> publish() {
    const Clock::time_point start = Clock::now();
    RINGSIDE_CHECK(owner_.publish(wanted_->events));
    wanted_->is_published = true;
    print_published(milliseconds_since(start));
    return {};
  }

  void print_published(double publish_ms) const {
    const CycleEvents& events = wanted_->events;
    const Producer& producer = owner_.producer();
    const Sequence next = producer.writer().next();
    std::fprintf(stderr,
                 "ringside-feed: %s: %u points to %s in %s (cycle %llu, %zu event%s up to sequence "
                 "%llu, %llu bytes; read in %.0f ms, built in %.0f, published in %.0f)\n",
                 path_.c_str(), events.points(), producer.name().text().c_str(),
                 owner_.bus().directory().c_str(), static_cast<unsigned long long>(events.cycle()),
                 events.count(), events.count() == 1 ? "" : "s",
                 static_cast<unsigned long long>(next.value - 1),
                 static_cast<unsigned long long>(events.size().bytes), wanted_->read_ms,
                 wanted_->build_ms, publish_ms);
    if (events.count() > 1)
      std::fprintf(
          stderr,
          "ringside-feed: %s: note: one event numbers at most 65536 hosts and 256 profiles "
          "and takes 256 MiB, so readers may see a part of this cycle beside a part of the "
          "last for a moment\n",
          path_.c_str());
  }

  const FeedOptions& options_;
  const std::filesystem::path& path_;
  SegmentOwner owner_;
  WriterCheck writer_;
  std::optional<Wanted> wanted_;
  bool has_published_ = false;
  FileState tried_;
  std::optional<Clock::time_point> busy_since_;
  std::string reported_;
  bool unknown_writer_noted_ = false;
};

}  // namespace

Result<void> feed(const FeedOptions& options) {
  catch_stop_signals();
  for (const std::string& warning : warnings_of(Bus::locate(options.bus)))
    std::fprintf(stderr, "ringside-feed: warning: %s\n", warning.c_str());
  Feed feed(options);
  return options.watch ? feed.follow() : feed.publish_once();
}

}  // namespace ringside::feed
