// The clients of a dashboard whose segments are lied about: one that must not notice, of the good
// segment, and others that may only ever get what was published.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "tests/campaign/tamper_victims.hpp"

namespace ringside::campaign::tamper {

struct ClientTally {
  std::atomic<std::uint64_t> records;
  std::atomic<std::uint64_t> gaps;
  std::atomic<std::uint64_t> refused;  ///< records whose checksum showed that they are damaged
  std::atomic<std::uint64_t> connections;
  std::atomic<std::uint64_t> longest_pause_ms;
  std::atomic<bool> done;
  std::array<char, 400> fault;
};

/// A client in a process of its own.
class Client {
 public:
  using Following = std::function<void(Streams&, ClientTally&)>;
  Client(std::string name, SharedPage<Streams>& streams, const Following& following);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  const std::string& name() const { return name_; }
  const ClientTally& tally() const { return *tally_; }
  Verdict fault() const;

 private:
  std::string name_;
  SharedPage<ClientTally> tally_;
  pid_t pid_ = -1;
};

/// Every sequence, no gap, no pause, no end of the connection, until the producer has stopped.
Client::Following follow_good(std::uint16_t port);
/// Whatever comes was published, and comes in order.
Client::Following follow_bad(std::uint16_t port, std::string mode);

/// Throws unless `payload` is an event that was published; its number.
std::uint64_t judge_published(Streams& streams, std::string_view payload);

}  // namespace ringside::campaign::tamper
