#include "dashboard_reader/stream/event_pipe.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace ringside::dashboard {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMostBytes = 60 * 1024;

std::string_view text_of(const FrameHead& head) {
  return {reinterpret_cast<const char*>(head.bytes.data()), head.size};
}

}  // namespace

Bytes payload_at(Bytes bytes) {
  if (bytes.size() < kMinRecordBytes) return {};
  const auto& word = *reinterpret_cast<const std::uint64_t*>(bytes.data());
  // Relaxed: pairs with the writer's word stores; is_still_valid() has the fence.
  const auto size = static_cast<std::uint32_t>(
      std::atomic_ref<const std::uint64_t>(word).load(std::memory_order_relaxed));
  if (size == 0 || record_bytes(size) > bytes.size()) return {};
  return bytes.subspan(sizeof(RecordHeader), size);
}

Result<EventPipe> EventPipe::open() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return fail_errno(errno, "cannot make the pipe that events are checked in");
  File out(ends[0]);
  File in(ends[1]);
  // A user who has very many pipes gets small ones.
  const int bytes = ::fcntl(ends[1], F_GETPIPE_SZ);
  if (bytes < static_cast<int>(2 * kPage))
    return fail_errno(bytes < 0 ? errno : ENOSPC,
                      "the pipe that events are checked in is too small");
  return EventPipe(std::move(out), std::move(in),
                   std::min(static_cast<std::uint64_t>(bytes) - kPage, kMostBytes));
}

EventPipe::EventPipe(File out, File in, std::uint64_t batch_bytes)
    : out_(std::move(out)), in_(std::move(in)), batch_bytes_(batch_bytes), waste_(batch_bytes) {
  joints_.reserve(kRecords + 1);
  pieces_.reserve(2 * kRecords + 1);
}

Sent EventPipe::send(int socket, const Reader& reader, const Run& run, Progress& progress) {
  if (!lay_out(run)) return reader.is_still_valid(run) ? Sent::fault_unbegun : Sent::not_begun;
  std::size_t total = 0;
  for (const iovec& piece : pieces_) total += piece.iov_len;
  const ssize_t in_pipe =
      ::writev(in_.descriptor(), pieces_.data(), static_cast<int>(pieces_.size()));
  if (in_pipe != static_cast<ssize_t>(total)) {
    empty(static_cast<std::size_t>(std::max<ssize_t>(in_pipe, 0)));
    return Sent::fault_unbegun;
  }
  if (!reader.is_still_valid(run)) {
    empty(total);
    return Sent::not_begun;
  }
  std::size_t sent = 0;
  while (sent < total) {
    const ssize_t moved = ::splice(out_.descriptor(), nullptr, socket, nullptr, total - sent,
                                   SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (moved < 0 && errno == EINTR) continue;
    const bool full = moved < 0 && errno == EAGAIN;
    if (moved <= 0) {
      empty(total - sent);
      if (!full) return Sent::ended;
      break;
    }
    sent += static_cast<std::size_t>(moved);
  }
  progress = progress_at(sent);
  return Sent::whole;
}

bool EventPipe::lay_out(const Run& run) {
  joints_.clear();
  pieces_.clear();
  Bytes left = run.bytes;
  std::string_view fin;
  for (std::uint32_t i = 0; i < run.count; ++i) {
    const Bytes payload = payload_at(left);
    if (payload.empty()) return false;
    left = left.subspan(record_bytes(payload.size()));
    add_joint(fin, text_of(encode_head(Opcode::binary, false, payload.size())));
    // The kernel only reads what an iovec names.
    pieces_.push_back({const_cast<std::byte*>(payload.data()), payload.size()});
    fin = final_fragment();
  }
  add_joint(fin, {});
  return left.empty();
}

void EventPipe::add_joint(std::string_view fin, std::string_view head) {
  // Reserved for all, so that the pieces may point at them.
  Joint& joint = joints_.emplace_back();
  std::copy(fin.begin(), fin.end(), joint.bytes.begin());
  std::copy(head.begin(), head.end(),
            joint.bytes.begin() + static_cast<std::ptrdiff_t>(fin.size()));
  joint.size = fin.size() + head.size();
  pieces_.push_back({joint.bytes.data(), joint.size});
}

Progress EventPipe::progress_at(std::size_t sent) const {
  // Pieces alternate: joint i, payload i, joint i + 1.
  Progress progress;
  progress.bytes = sent;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto* begin = static_cast<const char*>(pieces_[i].iov_base);
    const std::size_t size = pieces_[i].iov_len;
    const bool is_joint = i % 2 == 0;
    if (sent >= size) {
      sent -= size;
      if (!is_joint) ++progress.records;
      continue;
    }
    if (!is_joint) {
      progress.open = true;
      progress.payload = {reinterpret_cast<const std::byte*>(begin) + sent, size - sent};
      break;
    }
    const std::size_t fin = i == 0 ? 0 : final_fragment().size();
    if (sent <= fin) {
      progress.fin.assign(begin + sent, fin - sent);
      break;
    }
    progress.open = true;
    progress.head.assign(begin + sent, size - sent);
    const iovec& payload = pieces_[i + 1];
    progress.payload = {static_cast<const std::byte*>(payload.iov_base), payload.iov_len};
    break;
  }
  return progress;
}

void EventPipe::empty(std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = ::read(out_.descriptor(), waste_.data(), std::min(bytes, waste_.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    bytes -= static_cast<std::size_t>(got);
  }
}

}  // namespace ringside::dashboard
