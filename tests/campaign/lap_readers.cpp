#include "tests/campaign/lap_readers.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/reader.hpp"
#include "tests/wire/http_client.hpp"

namespace ringside::campaign::lap {
namespace {

/// More than any machine needs to hand on what is left when the writer has stopped.
constexpr int kDrainSeconds = 30;

Reader open(const Bus& bus) {
  Result<Reader> reader = open_reader(bus, raw_name());
  if (!reader) throw std::runtime_error(reader.error().message);
  return std::move(*reader);
}

void add(std::atomic<std::uint64_t>& counter, std::uint64_t count) {
  counter.fetch_add(count, std::memory_order_relaxed);
}

void take_gap(const SequenceRange& gap, std::uint64_t& wanted, Tally& tally) {
  if (gap.from.value != wanted || gap.to <= gap.from)
    throw std::runtime_error("a gap begins at " + std::to_string(gap.from.value) + " where " +
                             std::to_string(wanted) + " was due");
  wanted = gap.to.value;
  add(tally.gaps, 1);
  add(tally.missed, gap.count());
}

void take_record(std::uint64_t seed, const Record& record, std::uint64_t& wanted, Tally& tally) {
  if (record.sequence.value != wanted)
    throw std::runtime_error("sequence " + std::to_string(record.sequence.value) + " where " +
                             std::to_string(wanted) + " was due");
  judge_raw(seed, wanted,
            {reinterpret_cast<const char*>(record.payload.data()), record.payload.size()});
  ++wanted;
  add(tally.records, 1);
}

void settle(std::uint64_t wanted, std::uint64_t total, const Tally& tally) {
  const std::uint64_t reported = tally.records + tally.missed;
  if (wanted != total || reported != total)
    throw std::runtime_error("lost: " + std::to_string(reported) +
                             " sequences came or were reported of " + std::to_string(total));
}

}  // namespace

Reading read_copies(Bus bus, std::uint64_t seed) {
  return [bus = std::move(bus), seed](const Signals& signals, Tally& tally) {
    const Reader reader = open(bus);
    RecordCopier copier(reader, Sequence{0});
    tally.ready.store(true);
    std::uint64_t wanted = 0;
    while (signals.raw_total == 0 || wanted < signals.raw_total) {
      switch (copier.next()) {
        case RunOutcome::run:
          take_record(seed, copier.record(), wanted, tally);
          break;
        case RunOutcome::gap:
          take_gap(copier.gap(), wanted, tally);
          break;
        case RunOutcome::nothing:
          ::usleep(100);
          break;
        case RunOutcome::damaged:
        case RunOutcome::corrupt:
          throw std::runtime_error("torn: sequence " + std::to_string(wanted) +
                                   " was said to be whole and fails its checksum");
      }
    }
    settle(wanted, signals.raw_total, tally);
  };
}

Reading read_runs(Bus bus, std::uint64_t seed) {
  return [bus = std::move(bus), seed](const Signals& signals, Tally& tally) {
    const Reader reader = open(bus);
    tally.ready.store(true);
    std::vector<std::uint64_t> words;
    std::uint64_t wanted = 0;
    while (signals.raw_total == 0 || wanted < signals.raw_total) {
      Run run;
      SequenceRange gap;
      Sequence cursor{wanted};
      const RunOutcome taken = reader.next_run(cursor, {.bytes = 128 * 1024}, run, gap);
      if (taken == RunOutcome::corrupt || taken == RunOutcome::damaged)
        throw std::runtime_error("the segment contradicts itself");
      if (taken == RunOutcome::gap) take_gap(gap, wanted, tally);
      if (taken == RunOutcome::nothing) ::usleep(100);
      if (taken != RunOutcome::run) continue;
      words.resize(run.bytes.size() / 8);
      const auto* from = reinterpret_cast<const std::uint64_t*>(run.bytes.data());
      for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = std::atomic_ref<const std::uint64_t>(from[i]).load(std::memory_order_relaxed);
      if (!reader.is_still_valid(run)) {
        add(tally.voids, 1);
        continue;
      }
      Bytes rest = std::as_bytes(std::span<const std::uint64_t>(words));
      for (std::uint32_t i = 0; i < run.count; ++i) {
        const auto record = decode_record(reader.geometry(), Sequence{wanted}, rest);
        if (!record)
          throw std::runtime_error("torn: sequence " + std::to_string(wanted) +
                                   " was said to be whole and fails its checksum");
        rest = rest.subspan(record_bytes(record->payload.size()));
        take_record(seed, *record, wanted, tally);
      }
      if (!rest.empty()) throw std::runtime_error("a run holds more than its records");
    }
    settle(wanted, signals.raw_total, tally);
  };
}

Reading read_stream(std::uint16_t port, std::uint64_t seed, StreamFollower::Options options,
                    unsigned pause_us) {
  return [=](const Signals& signals, Tally& tally) {
    StreamFollower follower(options,
                            [seed](const Delivered& delivered) { judge(seed, delivered); });
    // Each of its segments, and in the end how many sequences it had.
    const auto is_complete = [&] {
      if (signals.load_total == 0 || follower.places().empty()) return false;
      for (const auto& [epoch, place] : follower.places()) {
        const bool raw = place.name == raw_name().text();
        const std::uint64_t total = raw ? signals.raw_total : signals.load_total;
        if (place.wanted > total) throw std::runtime_error("more sequences than were published");
        if (place.wanted < total) return false;
        if (place.begin != 0 || place.records + place.missed != total)
          throw std::runtime_error("lost: sequences of " + place.name);
      }
      return true;
    };
    follower.connect(port);
    tally.ready.store(true);
    while (!is_complete()) {
      const StreamFollower::End end = follower.take(std::chrono::seconds(kDrainSeconds));
      tally.records.store(follower.records());
      tally.gaps.store(follower.gaps());
      tally.missed.store(follower.missed());
      tally.voids.store(follower.lapped());
      if (end == StreamFollower::End::closed)
        throw std::runtime_error("the connection ended, or nothing came in time");
      if (end == StreamFollower::End::lapped) follower.connect(port);
      if (pause_us > 0 && signals.load_total == 0) ::usleep(pause_us);
    }
  };
}

Reading read_windows(std::uint16_t port, std::uint64_t seed) {
  return [=](const Signals& signals, Tally& tally) {
    tally.ready.store(true);
    for (bool raw = true;; raw = !raw) {
      const bool last = raw && signals.raw_total > 0;
      const std::string name = raw ? raw_name().text() : load_name().text();
      wire_test::HttpClient client(port);
      wire_test::HttpAnswer answer;
      try {
        answer = client.request("GET", "/v1/window/" + name);
      } catch (const std::runtime_error&) {
        // Shorter than announced: thrown away, as the page says.
        add(tally.voids, 1);
        continue;
      }
      constexpr int kTooFast = 503;
      if (answer.status == kTooFast && answer.body.find("too fast") != std::string::npos) {
        add(tally.voids, 1);
        continue;
      }
      if (answer.status != 200) throw std::runtime_error("no window: " + answer.body);
      const std::uint64_t epoch = std::stoull(answer.headers.at("Ringside-Epoch"), nullptr, 16);
      const std::uint64_t first = std::stoull(answer.headers.at("Ringside-First-Sequence"));
      const std::uint64_t count = std::stoull(answer.headers.at("Ringside-Record-Count"));
      const std::string& epoch_text = answer.headers.at("Ringside-Epoch");
      std::size_t walked = 0;
      const std::uint64_t whole = walk_records(
          epoch, first, answer.body, walked, [&](std::uint64_t sequence, std::string_view payload) {
            judge(seed, {name, epoch_text, sequence, payload, nullptr});
          });
      if (whole != count || walked != answer.body.size())
        throw std::runtime_error("torn: sequence " + std::to_string(first + whole) + " of " + name +
                                 " in a window that is complete");
      add(tally.records, count);
      add(tally.wholes, 1);
      // The last event may come after the totals, and this download between the two.
      if (last && first + count == signals.raw_total) return;
      if (last && first + count > signals.raw_total)
        throw std::runtime_error("more sequences than were published");
    }
  };
}

LappedReader::LappedReader(std::string name, const Signals& signals, const Reading& reading)
    : name_(std::move(name)) {
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      reading(signals, *tally_);
      ::_exit(0);
    } catch (const std::exception& wrong) {
      std::snprintf(tally_->fault.data(), tally_->fault.size(), "%s", wrong.what());
      ::_exit(1);
    }
  }
  while (pid_ > 0 && !tally_->ready && !fault()) ::usleep(1000);
}

LappedReader::~LappedReader() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Verdict LappedReader::fault() const {
  if (tally_->fault[0] == '\0') return std::nullopt;
  return name_ + ": " + tally_->fault.data();
}

Verdict LappedReader::finish() {
  int status = 0;
  for (int left = 10 * kDrainSeconds; left > 0; --left) {
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      pid_ = -1;
      if (Verdict found = fault()) return found;
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return name_ + ": it died";
      return std::nullopt;
    }
    ::usleep(100'000);
  }
  return name_ + ": it does not come to the end of what was published";
}

}  // namespace ringside::campaign::lap
