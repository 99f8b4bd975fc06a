// Thousands of WebSocket clients in one thread: sockets and no memory, each at one step of a short
// life. They come from many loopback addresses, so that ports do not run out.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ringside::campaign {

/// Raises what this process, and those that it starts, may open.
void allow_descriptors(std::uint64_t count);

/// A connected socket on which a stream was asked for; throws where there is none. `receive_buffer`
/// in bytes makes a client that takes little; 0 leaves it to the kernel.
int open_stream(std::uint16_t port, const std::string& target, std::uint64_t number,
                int receive_buffer = 0);

/// What a process has for itself alone, in bytes: anonymous memory, in memory or swapped out.
std::uint64_t private_bytes(int pid);
/// Whether so many private bytes are too many. Never with a sanitizer, which takes memory of its
/// own and keeps what was freed: it is said then that they are not judged.
bool is_beyond(std::uint64_t bytes, std::uint64_t limit);
/// And how many descriptors.
std::uint64_t open_descriptors(int pid);

/// Keeps streams open until destroyed.
class Crowd {
 public:
  ~Crowd();
  Crowd() = default;
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  void add(int socket) { sockets_.push_back(socket); }
  std::size_t size() const { return sockets_.size(); }
  const std::vector<int>& sockets() const { return sockets_; }

  /// Reads what is there of each, and says of how many the text was seen. Throws if one ended.
  std::size_t count_with(const std::string& text) const;
  /// Of how many the answer, looked at and not taken, is that of an upgrade.
  std::size_t count_upgraded() const;
  /// Of how many there is more to take than the answer and the first messages, which is to say of
  /// the replay, and the connection has not ended.
  std::size_t count_waiting() const;

 private:
  std::vector<int> sockets_;
};

/// Opens `count` streams one after the other, with `in_flight` at a time; each is closed once
/// `text` came, every second one by a Close, the others by a reset. Calls `progress` every
/// `count` / 10. Throws if one is refused.
void churn(std::uint16_t port, const std::string& target, std::uint64_t count,
           std::uint64_t in_flight, const std::string& text,
           const std::function<void(std::uint64_t)>& progress);

}  // namespace ringside::campaign
