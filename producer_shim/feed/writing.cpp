#include "producer_shim/feed/writing.hpp"

#include <algorithm>

namespace ringside::feed {

Writing::Verdict Writing::judge(const OpenedFile& file, const FileState& state,
                                const FileWatch* watch) {
  const bool is_quiet_now = is_quiet(state);
  const OpenedFile::Writers writers = file.writers();
  if (writers != OpenedFile::Writers::unknown)
    return writers == OpenedFile::Writers::some ? Verdict::going_on : Verdict::done;
  const FileWatch::Told told = watch != nullptr ? watch->told() : FileWatch::Told::nothing;
  if (told != FileWatch::Told::nothing)
    return told == FileWatch::Told::writing ? Verdict::going_on : Verdict::done;
  return is_quiet_now ? Verdict::done : Verdict::untold;
}

bool Writing::is_quiet(const FileState& state) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point now = Clock::now();
  if (state != seen_) {
    // Of what was there before us only its own time tells. Later ours does, since the clock of
    // another machine may have set that of the file.
    const auto age = std::chrono::system_clock::now().time_since_epoch() -
                     std::chrono::nanoseconds(state.modified_ns);
    seen_since_ = seen_.exists() ? now : now - std::clamp<Clock::duration>(age, {}, kQuiet);
    seen_ = state;
  }
  return now - seen_since_ >= kQuiet;
}

}  // namespace ringside::feed
