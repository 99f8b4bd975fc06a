#include "tests/bus/bus_fixture.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/durable/reader_open.hpp"
#include "bus/durable/writer_open.hpp"
#include "bus/os/file.hpp"
#include "tests/support/wait_until.hpp"

namespace ringside::test {
namespace {

namespace fs = std::filesystem;

Bus temporary_bus() {
  const fs::path parent =
      ::access("/dev/shm", W_OK) == 0 ? fs::path("/dev/shm") : fs::temp_directory_path();
  std::string name = (parent / "ringside-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  // Others may look in: some tests read as another user.
  fs::permissions(name, fs::perms{0755});
  return Bus(name);
}

File open_raw(const fs::path& path, int flags) {
  File file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.descriptor() < 0) FAIL("cannot open " << path << ": " << std::strerror(errno));
  return file;
}

}  // namespace

TemporaryBus::TemporaryBus() : bus_(temporary_bus()) {}

TemporaryBus::~TemporaryBus() {
  std::error_code ignored;
  fs::remove_all(bus_.directory(), ignored);
}

Writer make_writer(const Bus& bus, const WriterOptions& options, const SegmentName& name) {
  Result<Writer> writer = open_writer(bus, name, options);
  if (!writer) FAIL(writer.error().message);
  return std::move(*writer);
}

Reader make_reader(const Bus& bus, const SegmentName& name) {
  Result<Reader> reader = open_reader(bus, name);
  if (!reader) FAIL(reader.error().message);
  return std::move(*reader);
}

std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> bytes(text.size());
  std::transform(text.begin(), text.end(), bytes.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  return bytes;
}

std::string text_of(Bytes bytes) {
  std::string text(bytes.size(), '\0');
  std::transform(bytes.begin(), bytes.end(), text.begin(),
                 [](std::byte b) { return static_cast<char>(b); });
  return text;
}

std::vector<std::byte> event_of(std::uint64_t seed, Sequence sequence, std::uint64_t most) {
  // A generator of three lines instead of <random>: a child may be killed in the middle of it.
  std::uint64_t state = seed * 0x9E3779B97F4A7C15 + sequence.value;
  const auto draw = [&state] {
    state += 0x9E3779B97F4A7C15;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  };
  std::vector<std::byte> event(1 + draw() % most);
  for (std::size_t at = 0; at < event.size(); at += 8) {
    const std::uint64_t word = draw();
    std::memcpy(event.data() + at, &word, std::min<std::size_t>(8, event.size() - at));
  }
  return event;
}

bool is_event_of(std::uint64_t seed, const Record& record, std::uint64_t most) {
  const std::vector<std::byte> expected = event_of(seed, record.sequence, most);
  return std::equal(record.payload.begin(), record.payload.end(), expected.begin(), expected.end());
}

void publish_events(Writer& writer, std::uint64_t seed, std::uint64_t count, std::uint64_t most) {
  for (std::uint64_t i = 0; i < count; ++i) {
    const Sequence next = writer.next();
    const auto published = writer.publish(event_of(seed, next, most));
    if (!published || *published != next) FAIL("sequence " << next.value << " was refused");
  }
}

Drained drain(const Reader& reader) {
  Drained all;
  RecordCopier copier(reader, reader.window().from);
  while (true) {
    switch (copier.next()) {
      case RunOutcome::run:
        all.sequences.push_back(copier.record().sequence);
        all.timestamps.push_back(copier.record().timestamp);
        all.payloads.emplace_back(copier.record().payload.begin(), copier.record().payload.end());
        break;
      case RunOutcome::gap:
        break;
      case RunOutcome::damaged:
        all.invalid.push_back(copier.gap());
        break;
      case RunOutcome::corrupt:
        all.fault = true;
        return all;
      case RunOutcome::nothing:
        return all;
    }
  }
}

std::vector<std::byte> read_at(const fs::path& path, std::uint64_t offset, std::size_t size) {
  const File file = open_raw(path, O_RDONLY);
  std::vector<std::byte> bytes(size);
  const ssize_t got =
      ::pread(file.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  REQUIRE(got == static_cast<ssize_t>(size));
  return bytes;
}

void write_at(const fs::path& path, std::uint64_t offset, Bytes bytes) {
  const File file = open_raw(path, O_WRONLY);
  const ssize_t done =
      ::pwrite(file.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
  REQUIRE(done == static_cast<ssize_t>(bytes.size()));
}

std::uint64_t peek(const fs::path& path, std::uint64_t offset) {
  std::uint64_t value = 0;
  std::memcpy(&value, read_at(path, offset, sizeof value).data(), sizeof value);
  return value;
}

void poke(const fs::path& path, std::uint64_t offset, std::uint64_t value) {
  write_at(path, offset, std::as_bytes(std::span(&value, 1)));
}

void age_by_a_boot(const fs::path& path) {
  poke(path, kBootIdAt, ~peek(path, kBootIdAt));
  // In memory, what was written in this file would be of this boot all the same.
  poke(path, kInodeAt, ~peek(path, kInodeAt));
}

std::uint32_t slow_crc32c(Bytes bytes) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const std::byte byte : bytes) {
    crc ^= static_cast<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
  }
  return ~crc;
}

int Child::start() {
  // What is buffered would be printed by both.
  std::fflush(nullptr);
  const int pid = ::fork();
  if (pid < 0) FAIL("cannot fork: " << std::strerror(errno));
  if (pid == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return pid;
}

int Child::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

void wait_until(const std::function<bool()>& done) {
  if (!support::wait_until(done)) FAIL("nothing came in a minute");
}

}  // namespace ringside::test
