// Follows streams as docs/protocol.md tells a client to, and throws at the first thing that is not
// as the page says: order, double or missing sequences, a record that is not whole. What it has
// taken lives across connections, so that resuming can be checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/stream_client.hpp"

namespace ringside::wire_test {

struct ReceivedRun {
  std::string epoch;
  std::uint64_t first = 0;
  std::uint64_t count = 0;
  std::uint64_t message_bytes = 0;
};

struct Missing {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string reason;
};

/// What a client knows of one epoch.
struct Followed {
  std::string channel;
  std::string producer;
  std::string schema;
  std::uint64_t oldest = 0;  // as the newest segment message says
  std::uint64_t next = 0;
  std::uint64_t from = 0;
  std::uint64_t begin = 0;   // the first sequence ever asked for
  std::uint64_t wanted = 0;  // the next that is due
  std::uint64_t records = 0;
  std::uint64_t last_timestamp_ns = 0;
  std::uint64_t at_live = 0;  // records when `live` came
  bool announced = false;     // on this connection
  bool ended = false;         // for good, unless it is announced again
  std::vector<Missing> gaps;

  std::uint64_t missed() const {
    std::uint64_t sum = 0;
    for (const Missing& gap : gaps) sum += gap.to - gap.from;
    return sum;
  }
};

/// What the newest beats say of a segment.
struct Stand {
  std::uint64_t oldest = 0;
  std::uint64_t next = 0;
  nlohmann::json live;
};

class Collector {
 public:
  explicit Collector(std::uint64_t seed = 0) : seed_(seed) {}

  /// A new connection begins: hello is due again, and each segment's announcement.
  void begin_connection();

  /// Takes one message that is not a control frame.
  void take(const support::Message& message);

  /// Takes messages until `done`, or the connection ends, or a Close comes, which is returned.
  /// Throws std::runtime_error after `limit`.
  std::optional<support::Message> take_until(support::StreamClient& client,
                                             const std::function<bool()>& done);

  /// Until the connection ends, by a Close or without.
  std::optional<support::Message> take_all(support::StreamClient& client) {
    return take_until(client, [] { return false; });
  }
  std::optional<support::Message> take_until_live(support::StreamClient& client) {
    return take_until(client, [this] { return live_; });
  }

  /// EPOCH:NEXT for each segment, as the query wants it.
  std::string resume_token() const;

  const Followed& of(const std::string& epoch) const { return followed_.at(epoch); }
  const std::map<std::string, Followed>& followed() const { return followed_; }
  /// The only one there is.
  const Followed& only() const;
  bool live() const { return live_; }
  std::uint64_t records() const;

  /// All text messages and runs of this connection, in order, as words: "hello", "segment EPOCH",
  /// "run EPOCH", "gap EPOCH", "live".
  const std::vector<std::string>& log() const { return log_; }
  const std::vector<nlohmann::json>& control() const { return control_; }
  const std::vector<ReceivedRun>& runs() const { return runs_; }
  std::uint64_t payload_bytes() const { return payload_bytes_; }
  /// How many came on this connection, how many of them full, and what they say together.
  std::uint64_t beats() const { return beats_; }
  std::uint64_t full_beats() const { return full_beats_; }
  const std::map<std::string, Stand>& stands() const { return stands_; }
  /// What the server's clock showed, as the newest of them says.
  std::chrono::nanoseconds beat_time() const { return beat_time_; }

 private:
  void take_control(const std::string& text);
  void take_segment(const nlohmann::json& message);
  void take_gap(const nlohmann::json& message);
  void take_ended(const nlohmann::json& message);
  void take_beat(const nlohmann::json& message);
  void take_live();
  void take_run(const std::string& message);

  std::uint64_t seed_;
  std::map<std::string, Followed> followed_;
  bool hello_ = false;
  bool live_ = false;
  std::vector<std::string> log_;
  std::vector<nlohmann::json> control_;
  std::vector<ReceivedRun> runs_;
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t beats_ = 0;
  std::uint64_t full_beats_ = 0;
  std::map<std::string, Stand> stands_;
  std::chrono::nanoseconds beat_time_{};
};

}  // namespace ringside::wire_test
