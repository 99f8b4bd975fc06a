#include "producer_shim/feed/writer_check.hpp"

#include <algorithm>

namespace ringside::feed {

WriterCheck::Verdict WriterCheck::judge(const OpenedFile& file, const FileState& state,
                                        const FileWatch* watch) {
  const bool is_quiet_now = is_quiet(state);
  const OpenedFile::Writers writers = file.writers();
  if (writers != OpenedFile::Writers::unknown)
    return writers == OpenedFile::Writers::some ? Verdict::being_written : Verdict::complete;
  using Seen = FileWatch::SeenWriter;
  const Seen seen = watch != nullptr ? watch->seen_writer() : Seen::unknown;
  if (seen != Seen::unknown)
    return seen == Seen::writing ? Verdict::being_written : Verdict::complete;
  return is_quiet_now ? Verdict::complete : Verdict::unknown;
}

bool WriterCheck::is_quiet(const FileState& state) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point now = Clock::now();
  if (state != seen_) {
    // For a file that was there before us only its own time counts. Later ours does, since the
    // clock of another machine may have set that of the file.
    const auto age = std::chrono::system_clock::now().time_since_epoch() -
                     std::chrono::nanoseconds(state.modified_ns);
    seen_since_ = seen_.exists() ? now : now - std::clamp<Clock::duration>(age, {}, kQuiet);
    seen_ = state;
  }
  return now - seen_since_ >= kQuiet;
}

}  // namespace ringside::feed
