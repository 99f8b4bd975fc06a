#include "producer_shim/feed/feed.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include "producer_shim/feed/file_watch.hpp"
#include "producer_shim/feed/reading.hpp"
#include "producer_shim/feed/segment_owner.hpp"
#include "producer_shim/stop_signal.hpp"

namespace ringside::feed {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How often the file is looked at although nothing was told of it.
constexpr milliseconds kLookEvery{500};
/// A change is acted upon when it has been quiet for the first, or after the second at the latest.
constexpr milliseconds kQuiet{20};
constexpr milliseconds kMaxUnquiet{200};
/// Where it cannot be asked who writes the file, it counts as being written for so long.
constexpr milliseconds kFresh{250};
/// A file that is being written for so long is told of.
constexpr milliseconds kLongBusy{2000};

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

class Feed {
 public:
  explicit Feed(const FeedOptions& options)
      : options_(options),
        path_(options.file),
        owner_(Bus::locate(options.bus), options.producer) {}

  Result<void> publish_once() {
    auto file = OpenedFile::open(path_);
    if (!file) return tl::unexpected<Error>(file.error());
    const Clock::time_point start = Clock::now();
    const FileState before = file->state();
    const auto fit = read_and_tell(*file, path_);
    if (stop_requested()) return {};
    if (was_changed(before, file->state()))
      return fail(Errc::corrupt, "cannot use ", path_.string(),
                  " as a fit: it was written while it was read; try again, or use --watch");
    if (!fit) return tl::unexpected<Error>(cannot_use(path_, fit.error()));
    return publish(*fit, milliseconds_since(start));
  }

  Result<void> follow() {
    auto watch = FileWatch::open(path_);
    if (!watch) return tl::unexpected<Error>(watch.error());
    bool first = true;
    while (!stop_requested()) {
      if (state_of(path_) != tried_ || first) {
        if (!first) settle(*watch);
        first = false;
        if (auto done = look(*watch); !done) return done;
      }
      if (last_ && owner_.is_displaced()) {
        std::fprintf(stderr,
                     "ringside-feed: %s: its file was removed or replaced; publishing again\n",
                     options_.producer.name.text().c_str());
        if (auto done = owner_.publish(*last_); !done) return done;
      }
      owner_.expire();
      watch->wait(busy_since_ ? kFresh : kLookEvery);
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

  static bool is_being_written(const OpenedFile& file, const FileState& state) {
    const OpenedFile::Writers writers = file.writers();
    if (writers != OpenedFile::Writers::unknown) return writers == OpenedFile::Writers::some;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto age = now - std::chrono::nanoseconds(state.modified_ns);
    return age >= Clock::duration::zero() && age < kFresh;
  }

  /// Takes the file as it is now: publishes it, or says why not. Fails if nothing can be published.
  Result<void> look(FileWatch& watch) {
    auto file = OpenedFile::open(path_);
    if (!file) {
      tried_ = state_of(path_);
      tell(file.error().message);
      return {};
    }
    const Clock::time_point start = Clock::now();
    const FileState before = file->state();
    if (is_being_written(*file, before)) return stay_busy();
    watch.was_written();  // what was written until here is in `before`
    const auto fit = read_and_tell(*file, path_);
    if (stop_requested()) return {};
    if (watch.was_written() || was_changed(before, file->state()) ||
        file->writers() == OpenedFile::Writers::some)
      return stay_busy();
    busy_since_.reset();
    tried_ = before;
    if (!fit) {
      tell(cannot_use(path_, fit.error()).message);
      return {};
    }
    auto published = publish(*fit, milliseconds_since(start));
    if (published) told_.clear();
    // The first time, whoever started us should know. Later another file may do again.
    if (published || !last_) return published;
    tell(published.error().message);
    return {};
  }

  /// The file is being written, so it is looked at again soon.
  Result<void> stay_busy() {
    const Clock::time_point now = Clock::now();
    if (!busy_since_) busy_since_ = now;
    if (now - *busy_since_ > kLongBusy)
      tell("a program has " + path_.string() + " open and writes it; waiting until it closes it");
    return {};
  }

  /// Says once what is wrong, until it is another thing or all is well again.
  void tell(const std::string& message) {
    if (message == told_) return;
    told_ = message;
    std::fprintf(stderr, "ringside-feed: %s; %s\n", message.c_str(),
                 last_ ? "the last good fit stays" : "waiting for a whole one");
  }

  Result<void> publish(const ParquetFit& fit, double read_ms) {
    tell_notes(fit, path_);
    const Clock::time_point start = Clock::now();
    auto events = CycleEvents::build(fit.points, owner_.next_cycle());
    if (!events) return tl::unexpected<Error>(events.error());
    const double build_ms = milliseconds_since(start);
    if (auto published = owner_.publish(*events); !published) return published;
    print_published(*events, read_ms, build_ms, milliseconds_since(start) - build_ms);
    // What a watcher may have to publish again.
    if (options_.watch) last_.emplace(std::move(*events));
    return {};
  }

  void print_published(const CycleEvents& events, double read_ms, double build_ms,
                       double publish_ms) const {
    const Producer& producer = owner_.producer();
    const Sequence next = producer.writer().next();
    std::fprintf(stderr,
                 "ringside-feed: %s: %u points to %s in %s (cycle %llu, %zu event%s up to sequence "
                 "%llu, %llu bytes; read in %.0f ms, built in %.0f, published in %.0f)\n",
                 path_.c_str(), events.points(), producer.name().text().c_str(),
                 owner_.bus().directory().c_str(), static_cast<unsigned long long>(events.cycle()),
                 events.count(), events.count() == 1 ? "" : "s",
                 static_cast<unsigned long long>(next.value - 1),
                 static_cast<unsigned long long>(events.size().bytes), read_ms, build_ms,
                 publish_ms);
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
  std::optional<CycleEvents> last_;
  FileState tried_;
  std::optional<Clock::time_point> busy_since_;
  std::string told_;
};

}  // namespace

Result<void> feed(const FeedOptions& options) {
  catch_stop_signals();
  if (const std::string warning = Bus::locate(options.bus).volatility_warning(); !warning.empty())
    std::fprintf(stderr, "ringside-feed: warning: %s\n", warning.c_str());
  Feed feed(options);
  return options.watch ? feed.follow() : feed.publish_once();
}

}  // namespace ringside::feed
