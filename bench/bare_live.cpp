#include "bench/bare_live.hpp"

#include <algorithm>
#include <array>
#include <climits>
#include <csignal>
#include <cstring>
#include <new>
#include <stdexcept>

#include <arpa/inet.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringside::bench {
namespace {

void futex(const std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, 0);
}

void send_all(int socket, iovec* pieces, std::size_t count) {
  while (count > 0) {
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (sent < 0) return;
    auto left = static_cast<std::size_t>(sent);
    while (count > 0 && left >= pieces->iov_len) {
      left -= pieces->iov_len;
      ++pieces;
      --count;
    }
    if (count == 0) return;
    pieces->iov_base = static_cast<char*>(pieces->iov_base) + left;
    pieces->iov_len -= left;
  }
}

}  // namespace

void send_as_run(int socket, const BareRecord* records, std::uint64_t count) {
  constexpr std::size_t kRunHeaderBytes = 32;
  const std::uint64_t payload = kRunHeaderBytes + count * sizeof(BareRecord);
  // The fragment's head, the RunHeader, which means nothing here, and the closing fragment.
  std::array<unsigned char, 10 + kRunHeaderBytes> head{0x02};
  std::size_t head_bytes = 2;
  const std::size_t length_bytes = payload < 65536 ? 2 : 8;
  head[1] = payload < 126 ? static_cast<unsigned char>(payload) : length_bytes == 2 ? 126 : 127;
  if (payload >= 126)
    for (std::size_t i = length_bytes; i-- > 0;)
      head[head_bytes++] = static_cast<unsigned char>(payload >> (8 * i));
  head_bytes += kRunHeaderBytes;
  std::array<unsigned char, 2> fin{0x80, 0};
  std::array<iovec, 3> pieces{
      iovec{head.data(), head_bytes},
      iovec{const_cast<BareRecord*>(records), count * sizeof(BareRecord)},
      iovec{fin.data(), fin.size()},
  };
  send_all(socket, pieces.data(), pieces.size());
}

int listen_on_loopback(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, 4) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("cannot listen on loopback");
  port = ntohs(address.sin_port);
  return listener;
}

int accept_client(int listener) {
  const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  const int on = 1;
  ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return client;
}

BareLive::BareLive(std::uint64_t ring_events, std::uint64_t run_bytes)
    : ring_events_(ring_events),
      run_events_(std::max<std::uint64_t>(run_bytes / sizeof(BareRecord), 1)) {
  void* const memory = ::mmap(nullptr, mapped_bytes(), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory for the bare ring");
  shared_ = new (memory) Shared{};
  ring_ = reinterpret_cast<BareRecord*>(static_cast<std::byte*>(memory) + sizeof(Shared));
  const int listener = listen_on_loopback(port_);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    serve(listener);
  }
  ::close(listener);
}

BareLive::~BareLive() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::munmap(static_cast<void*>(shared_), mapped_bytes());
}

void BareLive::publish(const LiveEvent& event) {
  const std::uint32_t next = shared_->next.load(std::memory_order_relaxed);
  std::memcpy(&ring_[next % ring_events_].event, &event, sizeof event);
  // Dekker, as in bus/doorbell.hpp: store `next`, then load `waiting`; the server the other way.
  shared_->next.store(next + 1, std::memory_order_seq_cst);
  if (shared_->waiting.load(std::memory_order_seq_cst) == 0) return;
  wake();
}

void BareLive::wake() const {
  // First the flag, then the count: a server that said after the first that it waits keeps its
  // flag, and one that said it before finds another count than it took, or is woken.
  shared_->waiting.store(0, std::memory_order_seq_cst);
  shared_->rings.fetch_add(1, std::memory_order_seq_cst);
  futex(shared_->rings, FUTEX_WAKE, INT_MAX);
}

void BareLive::wait_until_serving() const {
  while (shared_->serving.load(std::memory_order_acquire) == 0) {
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0) throw std::runtime_error("the bare server has ended");
    ::usleep(100);
  }
}

void BareLive::end_turn() {
  shared_->over.store(1, std::memory_order_seq_cst);
  while (shared_->serving.load(std::memory_order_acquire) != 0) {
    wake();
    ::usleep(100);
  }
}

void BareLive::serve(int listener) const {
  while (true) {
    const int client = accept_client(listener);
    if (client < 0) continue;
    serve_client(client);
    ::close(client);
    shared_->over.store(0, std::memory_order_relaxed);
    shared_->serving.store(0, std::memory_order_release);
  }
}

void BareLive::serve_client(int client) const {
  std::uint32_t cursor = shared_->next.load(std::memory_order_acquire);
  shared_->serving.store(1, std::memory_order_release);
  while (shared_->over.load(std::memory_order_acquire) == 0) {
    // The count first, then the flag, then `next`: see wake().
    const std::uint32_t rings = shared_->rings.load(std::memory_order_seq_cst);
    shared_->waiting.store(1, std::memory_order_seq_cst);
    const std::uint32_t next = shared_->next.load(std::memory_order_seq_cst);
    if (next == cursor) {
      futex(shared_->rings, FUTEX_WAIT, rings);
      continue;
    }
    shared_->waiting.store(0, std::memory_order_relaxed);
    const std::uint64_t at = cursor % ring_events_;
    const std::uint64_t count =
        std::min({static_cast<std::uint64_t>(next - cursor), run_events_, ring_events_ - at});
    send_as_run(client, ring_ + at, count);
    cursor += static_cast<std::uint32_t>(count);
  }
}

}  // namespace ringside::bench
