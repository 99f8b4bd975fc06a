// Many small messages in two system calls, out of the mapping, and none of them torn.
//
// A message may be completed only after a look at the ring that follows the copying of its bytes.
// Gathered into a socket, the first message would be complete before anybody could look. So the
// gathered write goes into a pipe: the kernel copies the bytes there, the ring is asked once
// whether all of them were whole, and only then the pipe's pages, which nobody changes any more,
// move on to the socket. That is as many copies as a write to the socket makes, and one check for
// hundreds of messages; if it fails, nothing of them is out.
//
// One pipe serves all clients of a loop: it is empty whenever send() returns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <sys/uio.h>

#include "bus/os/file.hpp"
#include "bus/reader.hpp"
#include "dashboard_reader/stream/stream_outlet.hpp"

namespace ringside::dashboard {

/// The payload of the record at the start of `bytes` of a run, by its own header, which may be
/// torn: only that it lies within is sure. Empty if it does not.
Bytes payload_at(Bytes bytes);

/// How far the socket took a batch.
struct Progress {
  std::size_t bytes = 0;      ///< that the socket took
  std::uint32_t records = 0;  ///< whole messages that are out
  std::string fin;            ///< the end of the last one's final fragment that is still missing
  bool open = false;          ///< the next one has begun; of it these are missing:
  std::string head;           ///< the end of its frame's head
  Bytes payload;              ///< and of its payload
};

class EventPipe {
 public:
  static Result<EventPipe> open();

  /// What a run may take for send(): its messages fit into the pipe and into one gathered write.
  RunLimit limit() const { return {.bytes = batch_bytes_, .records = kRecords}; }

  /// Sends a message for each record of `run`, which has two or more and is within limit(). Never
  /// waits: on `whole`, `progress` tells how far the socket took them, and from there the caller
  /// goes on. Other results: not_begun, fault_unbegun, ended.
  Sent send(int socket, const Reader& reader, const Run& run, Progress& progress);

 private:
  static constexpr std::uint32_t kRecords = 500;  // two pieces each, and writev() takes 1024

  /// What stands between two payloads: the final fragment of one message and the head of the next.
  struct Joint {
    std::array<char, 12> bytes{};
    std::size_t size = 0;
  };

  EventPipe(File out, File in, std::uint64_t batch_bytes);

  bool lay_out(const Run& run);
  void add_joint(std::string_view fin, std::string_view head);
  void empty(std::size_t bytes);
  Progress progress_at(std::size_t sent) const;

  File out_;
  File in_;
  std::uint64_t batch_bytes_;
  std::vector<Joint> joints_;  // one more than there are payloads
  std::vector<iovec> pieces_;  // joint, payload, joint, ..., joint
  std::vector<char> waste_;
};

}  // namespace ringside::dashboard
