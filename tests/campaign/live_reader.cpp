#include "tests/campaign/live_reader.hpp"

#include <csignal>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/doorbell.hpp"
#include "bus/durable/reader_open.hpp"

namespace ringside::campaign {
namespace {

std::string text(std::uint64_t value) {
  return std::to_string(value);
}

constexpr std::chrono::milliseconds kNap{2};

}  // namespace

/// One reader's place in one segment.
class LiveReader::Follower {
 public:
  Follower(Reader reader, const Role& role, Seen& seen)
      : reader_(std::make_unique<Reader>(std::move(reader))),
        role_(&role),
        seen_(&seen),
        copier_(*reader_, Sequence{0}) {}

  /// Reads on. Whether there was anything; a fault is left in `fault`.
  bool advance(ReadMode manner, Verdict& fault) {
    return manner == ReadMode::copies ? advance_by_copies(fault) : advance_by_run(fault);
  }

 private:
  bool advance_by_copies(Verdict& fault) {
    constexpr int kAtATime = 200;
    for (int i = 0; i < kAtATime; ++i) {
      switch (copier_.next()) {
        case RunOutcome::nothing:
          return i > 0;
        case RunOutcome::damaged:
        case RunOutcome::corrupt:
          fault = "torn: sequence " + text(expected_.value) + " of " + role_->name.text() +
                  " does not match its checksum";
          return false;
        case RunOutcome::gap:
          pass(copier_.gap(), fault);
          break;
        case RunOutcome::run:
          see(copier_.record(), fault);
          break;
      }
      if (fault) return false;
    }
    return true;
  }

  bool advance_by_run(Verdict& fault) {
    Run run;
    SequenceRange gap;
    Sequence cursor = expected_;
    switch (reader_->next_run(cursor, {.bytes = 32 * 1024}, run, gap)) {
      case RunOutcome::nothing:
        return false;
      case RunOutcome::gap:
        pass(gap, fault);
        return true;
      case RunOutcome::damaged:
      case RunOutcome::corrupt:
        fault = "fault: " + role_->name.text() + " contradicts itself at sequence " +
                text(expected_.value);
        return false;
      case RunOutcome::run:
        break;
    }
    words_.resize(run.bytes.size() / 8);
    const auto* from = reinterpret_cast<const std::uint64_t*>(run.bytes.data());
    for (std::size_t i = 0; i < words_.size(); ++i)
      words_[i] = std::atomic_ref<const std::uint64_t>(from[i]).load(std::memory_order_relaxed);
    if (!reader_->is_still_valid(run)) return true;
    // It is said to be whole, so every bit of the copy must be right.
    Bytes rest = std::as_bytes(std::span<const std::uint64_t>(words_));
    for (std::uint32_t i = 0; i < run.count && !fault; ++i) {
      const std::optional<Record> record = decode_record(reader_->geometry(), expected_, rest);
      if (!record) {
        fault = "torn: sequence " + text(expected_.value) + " of " + role_->name.text() +
                " was said to be whole";
        break;
      }
      rest = rest.subspan(role_->bytes_of(expected_.value));
      see(*record, fault);
    }
    return true;
  }

  void see(const Record& record, Verdict& fault) {
    if (record.sequence != expected_ || !role_->is_own(record))
      fault = "torn: sequence " + text(expected_.value) + " of " + role_->name.text() +
              " is not what was published";
    if (record.timestamp < last_)
      fault = "the time of sequence " + text(expected_.value) + " of " + role_->name.text() +
              " goes backwards";
    last_ = record.timestamp;
    expected_ = expected_ + 1;
    seen_->records.fetch_add(1, std::memory_order_relaxed);
  }

  void pass(const SequenceRange& gap, Verdict& fault) {
    if (gap.from != expected_ || gap.to <= gap.from)
      fault = "a gap of " + role_->name.text() + " starts at " + text(gap.from.value) +
              ", it should at " + text(expected_.value);
    expected_ = gap.to;
    seen_->gaps.fetch_add(1, std::memory_order_relaxed);
    seen_->missed.fetch_add(gap.count(), std::memory_order_relaxed);
  }

  std::unique_ptr<Reader> reader_;
  const Role* role_;
  Seen* seen_;
  RecordCopier copier_;
  Sequence expected_{};
  Timestamp last_{};
  std::vector<std::uint64_t> words_;
};

LiveReader::LiveReader(const Bus& bus, std::vector<Role> roles, ReadMode manner)
    : bus_(bus), roles_(std::move(roles)), manner_(manner) {
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpriority(PRIO_PROCESS, 0, 0);
  ::_exit(follow());
}

LiveReader::~LiveReader() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int LiveReader::follow() const {
  Verdict fault;
  std::vector<Follower> followers;
  for (const Role& role : roles_) {
    Result<Reader> reader = open_reader(bus_, role.name);
    if (!reader) {
      fault = reader.error().message;
      break;
    }
    followers.emplace_back(std::move(*reader), role, *seen_);
  }
  Result<Doorbell> doorbell = Doorbell::open(bus_);
  if (!doorbell) fault = doorbell.error().message;
  while (!fault) {
    const bool stop = seen_->stop.load();
    const std::uint32_t ticket = doorbell->prepare();
    bool any = false;
    for (Follower& follower : followers) any = (!fault && follower.advance(manner_, fault)) || any;
    if (fault || any) continue;
    if (stop) return 0;
    doorbell->wait(ticket, kNap);
  }
  std::snprintf(seen_->fault.data(), seen_->fault.size(), "%s", fault->c_str());
  return 1;
}

Verdict LiveReader::fault() const {
  if (seen_->fault[0] == '\0') return std::nullopt;
  return std::string(manner_ == ReadMode::copies ? "a reader that copies: "
                                                 : "a reader of runs: ") +
         seen_->fault.data();
}

Verdict LiveReader::finish() {
  seen_->stop.store(true);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (Verdict found = fault()) return found;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return "a live reader died";
  std::uint64_t published = 0;
  for (const Role& role : roles_) {
    const Result<Reader> reader = open_reader(bus_, role.name);
    if (!reader) return reader.error().message;
    published += reader->window().to.value;
  }
  if (records() + missed() != published)
    return "lost: a live reader saw " + text(records()) + " events and was told that it missed " +
           text(missed()) + " of " + text(published);
  return std::nullopt;
}

}  // namespace ringside::campaign
