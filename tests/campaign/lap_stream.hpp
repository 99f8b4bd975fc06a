// A client of /v1/stream in any mode, written to docs/protocol.md, that judges each event as it
// comes. What it has taken lives across connections, so that resuming is judged too. It throws
// std::runtime_error at the first thing that is not as the page says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "tests/support/stream_client.hpp"

namespace ringside::campaign {

/// One event as it came: its FlatBuffer, or in mode=json what the server printed of it.
struct Delivered {
  const std::string& name;  ///< CHANNEL/PRODUCER
  const std::string& epoch;
  std::uint64_t sequence = 0;
  std::string_view payload;
  const nlohmann::json* event = nullptr;
};

class StreamFollower {
 public:
  /// Throws what is wrong with an event.
  using Judge = std::function<void(const Delivered&)>;

  struct Options {
    std::string mode = "run";
    std::string channels;
    int receive_buffer = 0;
    /// Whether segments may be damaged: records whose checksum says so are passed over and counted,
    /// as the page wants it, and a segment may turn out to be gone. Otherwise either is a fault.
    bool of_damaged = false;
  };

  /// What is known of one epoch.
  struct EpochState {
    std::string name;
    std::uint64_t begin = 0;
    std::uint64_t wanted = 0;
    std::uint64_t records = 0;
    std::uint64_t missed = 0;
    std::uint64_t next = 0;  // as the newest announcement says
    bool announced = false;  // on this connection
    bool moved = false;      // a reset has to follow
  };

  enum class End {
    none,    ///< a message was taken
    lapped,  ///< Close 4000: resume at once
    closed,  ///< any other end of the connection, or nothing came in time
  };

  StreamFollower(Options options, Judge judge)
      : options_(std::move(options)), judge_(std::move(judge)) {}

  /// Resumes where it is; the first time, from the first sequence there is.
  void connect(std::uint16_t port);

  /// Takes one message.
  End take(std::chrono::milliseconds limit = std::chrono::seconds(10));

  const std::map<std::string, EpochState>& places() const { return places_; }

  std::uint64_t records() const { return records_; }
  std::uint64_t gaps() const { return gaps_; }
  std::uint64_t missed() const { return missed_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t resets() const { return resets_; }
  std::uint64_t connections() const { return connections_; }
  std::uint64_t lapped() const { return lapped_; }
  std::uint64_t lives() const { return lives_; }
  std::uint64_t quarantined() const { return quarantined_; }
  std::uint64_t ended() const { return ended_; }

 private:
  void take_text(const std::string& text);
  void take_segment(const nlohmann::json& message);
  void take_gap(const nlohmann::json& message);
  void take_live();
  void take_run(const std::string& message);
  void take_single(const std::string& payload);
  void take_json(const nlohmann::json& message);
  EpochState& announced(const std::string& epoch);

  Options options_;
  Judge judge_;
  std::unique_ptr<support::StreamClient> client_;
  std::map<std::string, EpochState> places_;  // by epoch
  std::string due_;                           // mode=event: whose the next binary message is
  std::uint64_t records_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t missed_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t resets_ = 0;
  std::uint64_t connections_ = 0;
  std::uint64_t lapped_ = 0;
  std::uint64_t lives_ = 0;
  std::uint64_t quarantined_ = 0;
  std::uint64_t ended_ = 0;
};

/// Takes a span of whole records apart and checks each of them to the last bit; `take` gets the
/// payload of each. Returns how many there are up to the first that is not whole.
std::uint64_t walk_records(
    std::uint64_t epoch, std::uint64_t first, std::string_view bytes, std::size_t& walked,
    const std::function<void(std::uint64_t sequence, std::string_view payload)>& take);

}  // namespace ringside::campaign
