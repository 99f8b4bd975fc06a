// Follows streams of mode=event and mode=json as docs/protocol.md tells a client to, and throws at
// the first message that is not as the page says. What it has taken lives across connections.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/stream_client.hpp"

namespace ringside::wire_test {

class EventFollower {
 public:
  struct Gap {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::string reason;
  };

  /// What is known of one epoch.
  struct Known {
    std::string name;             // CHANNEL/PRODUCER
    std::uint64_t begin = 0;      // the first sequence ever due
    std::uint64_t wanted = 0;     // the next
    std::uint64_t records = 0;    // Load events, each checked by its formula
    std::uint64_t announced = 0;  // up to where, at connect
    bool ended = false;
    std::vector<Gap> gaps;

    std::uint64_t missed() const;
  };

  explicit EventFollower(std::string mode) : mode_(std::move(mode)) {}

  /// `/v1/stream` with the mode, the token so far, and `more` of a query; a new connection begins.
  std::string target(const std::string& more = {});

  /// Takes messages until `done`, or the connection ends, or a Close comes, which is returned.
  std::optional<support::Message> take_until(support::StreamClient& client,
                                             const std::function<bool()>& done);
  std::optional<support::Message> take_until_live(support::StreamClient& client) {
    return take_until(client, [this] { return live_; });
  }

  const std::map<std::string, Known>& known() const { return known_; }
  const Known& of(const std::string& epoch) const { return known_.at(epoch); }
  std::uint64_t records() const;
  /// How often `events` said whose events follow.
  int announcements() const { return announcements_; }
  int beats() const { return beats_; }

 private:
  void take_text(const std::string& text);
  void take_gap(const nlohmann::json& message);
  void take_event(const std::string& payload);
  void take_json_event(const nlohmann::json& message);

  std::string mode_;
  std::map<std::string, Known> known_;
  std::string due_;  // the epoch that the next binary message belongs to
  bool live_ = false;
  int announcements_ = 0;
  int beats_ = 0;
};

}  // namespace ringside::wire_test
