#include "tests/campaign/tamper_clients.hpp"

#include <csignal>
#include <cstdio>
#include <stdexcept>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load_generated.h"
#include "tests/campaign/lap_stream.hpp"
#include "tests/campaign/producers.hpp"
#include "tests/wire/load_events.hpp"

namespace ringside::campaign::tamper {
namespace {

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
constexpr std::uint64_t kLongestPauseMs = 2000;
constexpr useconds_t kReconnectUs = 50'000;

/// Notes that event `id` of that stream has come; throws if there is none.
void note(Streams& streams, std::uint64_t number, std::uint64_t id) {
  Stream* const stream = streams.of(number);
  if (stream == nullptr || id >= stream->published)
    throw std::runtime_error("an event that was never published: number " + std::to_string(id) +
                             " of stream " + std::to_string(number));
  std::uint64_t seen = stream->seen;
  while (seen < id + 1 && !stream->seen.compare_exchange_weak(seen, id + 1)) {
  }
}

std::uint64_t judge_event(Streams& streams, const nlohmann::json& event) {
  const std::uint64_t number = event.at("seed");
  const std::uint64_t id = event.at("sequence");
  std::uint64_t word = (number + id) * kGolden;
  for (const nlohmann::json& value : event.at("words"))
    if (value.get<std::uint64_t>() != word++)
      throw std::runtime_error("a wrong word in event " + std::to_string(id));
  note(streams, number, id);
  return id;
}

}  // namespace

std::uint64_t judge_published(Streams& streams, std::string_view payload) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(bytes, payload.size());
  if (!VerifyLoadBuffer(verifier)) throw std::runtime_error("an event that is no Load event");
  const Load* load = GetLoad(bytes);
  const std::string fault = wire_test::load_fault(payload, load->sequence(), load->seed());
  if (!fault.empty()) throw std::runtime_error(fault);
  note(streams, load->seed(), load->sequence());
  return load->sequence();
}

Client::Client(std::string name, SharedPage<Streams>& streams, const Following& following)
    : name_(std::move(name)) {
  std::fflush(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    following(*streams, *tally_);
    tally_->done.store(true);
    ::_exit(0);
  } catch (const std::exception& wrong) {
    std::snprintf(tally_->fault.data(), tally_->fault.size(), "%s", wrong.what());
    ::_exit(1);
  }
}

Client::~Client() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Verdict Client::fault() const {
  if (tally_->fault[0] != '\0') return name_ + ": " + tally_->fault.data();
  siginfo_t info{};
  const bool ended =
      ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid != 0;
  if (ended && !tally_->done && tally_->fault[0] == '\0') return name_ + ": it died";
  return std::nullopt;
}

Client::Following follow_good(std::uint16_t port) {
  return [port](Streams& streams, ClientTally& tally) {
    StreamFollower follower({.mode = "run", .channels = "good"}, [&](const Delivered& event) {
      if (judge_published(streams, event.payload) != event.sequence)
        throw std::runtime_error("another event than the one of sequence " +
                                 std::to_string(event.sequence));
    });
    follower.connect(port);
    tally.connections.store(1);
    std::uint64_t last = steady_ns();
    // The producer ends by its word that it has stopped; what it published then is all there is.
    while (true) {
      const StreamFollower::End end = follower.take(std::chrono::milliseconds(kLongestPauseMs));
      const bool stopped = streams.stop && follower.records() + 1 >= streams.good.published;
      const std::uint64_t time = steady_ns();
      const std::uint64_t pause = (time - last) / 1'000'000;
      last = time;
      tally.records.store(follower.records());
      tally.gaps.store(follower.gaps());
      if (stopped && follower.records() == streams.good.published) return;
      if (pause > tally.longest_pause_ms) tally.longest_pause_ms.store(pause);
      if (end != StreamFollower::End::none)
        throw std::runtime_error("the connection ended, or nothing came for " +
                                 std::to_string(pause) + " ms");
      if (follower.gaps() > 0) throw std::runtime_error("there is a gap");
    }
  };
}

Client::Following follow_bad(std::uint16_t port, std::string mode) {
  return [port, mode = std::move(mode)](Streams& streams, ClientTally& tally) {
    std::map<std::string, std::uint64_t> newest;  // by epoch, and one
    StreamFollower follower(
        {.mode = mode, .channels = "bad", .of_damaged = true}, [&](const Delivered& delivered) {
          const std::uint64_t id = delivered.event != nullptr
                                       ? judge_event(streams, *delivered.event)
                                       : judge_published(streams, delivered.payload);
          std::uint64_t& due = newest[delivered.epoch];
          if (id < due)
            throw std::runtime_error("event " + std::to_string(id) + " of " + delivered.name +
                                     " came again, or after a later one");
          due = id + 1;
        });
    while (true) {
      follower.connect(port);
      tally.connections.store(follower.connections());
      const std::uint64_t resets = follower.resets();
      StreamFollower::End end = StreamFollower::End::none;
      while (end == StreamFollower::End::none) {
        // Victims that are all silent for long do not happen.
        end = follower.take(std::chrono::seconds(30));
        tally.records.store(follower.records());
        tally.gaps.store(follower.gaps());
        tally.refused.store(follower.refused());
        // What is lost for good begins anew.
        if (follower.resets() > resets) newest.clear();
      }
      if (end == StreamFollower::End::closed) ::usleep(kReconnectUs);
    }
  };
}

}  // namespace ringside::campaign::tamper
