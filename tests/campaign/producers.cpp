#include "tests/campaign/producers.hpp"

#include <chrono>
#include <csignal>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/writer.hpp"
#include "tests/campaign/payload.hpp"

namespace ringside::campaign {
namespace {

std::string text(std::uint64_t value) {
  return std::to_string(value);
}

constexpr std::uint64_t kLargest = 8000;
constexpr int kProducerPriority = -8;
/// So many of the newest records are checked when not all are: checking must not fall behind those
/// who publish.
constexpr std::uint64_t kNewest = 2000;

int give_up(Heard& heard, const std::string& why) {
  std::snprintf(heard.fault.data(), heard.fault.size(), "%s", why.c_str());
  return 3;
}

/// By copying and in place by turns.
tl::expected<Sequence, Refusal> publish(Writer& writer, const Role& role, std::uint64_t sequence,
                                        std::vector<std::byte>& buffer) {
  const std::uint32_t size = role.size_of(sequence);
  const std::uint64_t key = payload_key(role.stream, sequence);
  if (sequence % 2 == 1) {
    const auto room = writer.claim(size);
    if (!room) return tl::unexpected(room.error());
    write_payload(*room, key);
    return writer.commit(size);
  }
  buffer.resize(size);
  write_payload(buffer, key);
  return writer.publish(buffer);
}

}  // namespace

std::uint64_t steady_ns() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

std::uint32_t Role::size_of(std::uint64_t sequence) const {
  const std::uint64_t random = scatter(payload_key(stream, sequence));
  const std::uint64_t most = random % 64 == 0 ? kLargest : 300;
  return static_cast<std::uint32_t>(1 + (random >> 8) % most);
}

std::uint64_t Role::bytes_of(std::uint64_t sequence) const {
  return 24 + (size_of(sequence) + std::uint64_t{7}) / 8 * 8;
}

bool Role::is_own(const Record& record) const {
  return record.payload.size() == size_of(record.sequence.value) &&
         is_payload(record.payload, payload_key(stream, record.sequence.value));
}

int produce(const Bus& bus, const Role& role, Heard& heard) {
  const std::uint64_t start = steady_ns();
  heard.started_ns.store(start);
  WriterOptions options;
  options.caps.capacity_bytes = role.capacity;
  if (role.retain > 0) options.caps.retain_events = role.retain;
  Result<Writer> writer = open_writer(bus, role.name, options);
  const std::uint64_t took = steady_ns() - start;
  if (!writer) return give_up(heard, writer.error().message);
  const std::uint64_t reported = heard.next.load();
  std::uint64_t sequence = writer->next().value;
  const bool is_new = writer->origin() == Origin::created && reported == 0;
  if (!is_new && writer->origin() != Origin::reopened)
    return give_up(heard, "it did not find the segment that it left");
  if (sequence != reported && sequence != reported + 1)
    return give_up(heard,
                   "it was told of " + text(reported) + " events and found " + text(sequence));
  heard.next.store(sequence);
  heard.open_ns.store(took);
  std::vector<std::byte> buffer;
  for (;; ++sequence) {
    const auto published = publish(*writer, role, sequence, buffer);
    if (!published) return give_up(heard, "event " + text(sequence) + " was refused");
    if (published->value != sequence)
      return give_up(heard, "event " + text(sequence) + " got number " + text(published->value));
    heard.next.store(sequence + 1, std::memory_order_release);
  }
}

void hurry() {
  constexpr int kHurry = -15;
  ::setpriority(PRIO_PROCESS, 0, kHurry);
}

Producer::~Producer() {
  if (pid_ > 0) kill();
}

void Producer::start() {
  heard_->started_ns.store(0);
  heard_->open_ns.store(0);
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpriority(PRIO_PROCESS, 0, kProducerPriority);
    ::_exit(produce(bus_, role_, *heard_));
  }
  if (pid_ > 0) return;
  std::perror("ringside_campaign: cannot fork");
  std::exit(1);
}

void Producer::send_kill() const {
  ::kill(pid_, SIGKILL);
}

bool Producer::is_dead() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

bool Producer::kill() {
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

Verdict Producer::check(bool whole) {
  if (heard_->fault[0] != '\0') return "the producer gave up: " + std::string(heard_->fault.data());
  if (!reader_) {
    Result<Reader> opened = open_reader(bus_, role_.name);
    if (!opened) return opened.error().message;
    reader_.emplace(std::move(*opened));
  }
  if (!reader_->is_at(bus_.segment_path(role_.name))) return "the segment is another file";
  const SequenceRange window = reader_->window();
  if (Verdict fault = check_window(window)) return fault;
  Sequence from = window.from;
  if (!whole) {
    from = std::max(from, checked_);
    if (window.to - from > kNewest) from = Sequence{window.to.value - kNewest};
  }
  if (Verdict fault = check_records(from, window.to)) return fault;
  checked_ = window.to;
  return std::nullopt;
}

Verdict Producer::check_window(const SequenceRange& window) const {
  const std::uint64_t reported = heard_->next.load();
  const std::uint64_t next = window.to.value;
  const std::uint64_t oldest = window.from.value;
  if (next != reported && next != reported + 1)
    return "lost: it was told that " + text(reported) + " events are published, there are " +
           text(next);
  // As few records are given up as the caps demand of the newest one, or of the one after it.
  const std::uint64_t before = oldest == 0 ? 0 : role_.bytes_of(oldest - 1);
  const std::uint64_t retain = reader_->geometry().retain_events;
  const auto is_exact = [&](std::uint64_t bytes, std::uint64_t count) {
    return bytes <= role_.capacity && count <= retain &&
           (oldest == 0 || bytes + before > role_.capacity || count + 1 > retain);
  };
  const std::uint64_t bytes = reader_->retained_bytes();
  if (!is_exact(bytes, next - oldest) && !is_exact(bytes + role_.bytes_of(next), next + 1 - oldest))
    return "oldest is " + text(oldest) + " with " + text(bytes) + " bytes up to " + text(next) +
           ": not what the caps demand";
  return std::nullopt;
}

Verdict Producer::check_records(Sequence from, Sequence to) const {
  Timestamp last{};
  while (from < to) {
    Run run;
    SequenceRange gap;
    if (reader_->next_run(from, {.bytes = 1 << 20}, run, gap) != RunOutcome::run)
      return "sequence " + text(from.value) + " cannot be taken";
    Bytes rest = run.bytes;
    for (; from < run.end(); from = from + 1) {
      const std::optional<Record> record = decode_record(reader_->geometry(), from, rest);
      if (!record || !role_.is_own(*record) || record->timestamp < last)
        return "sequence " + text(from.value) + " is torn";
      last = record->timestamp;
      rest = rest.subspan(role_.bytes_of(from.value));
    }
  }
  return std::nullopt;
}

}  // namespace ringside::campaign
