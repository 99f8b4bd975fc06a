#include "producer_shim/feed/conversion.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <unistd.h>

#include "producer_shim/feed/cycle_events.hpp"
#include "producer_shim/feed/parquet_writer.hpp"
#include "producer_shim/feed/reported_read.hpp"

namespace ringside::feed {
namespace {

Result<std::vector<std::uint8_t>> read_standard_input() {
  std::vector<std::uint8_t> bytes;
  std::size_t size = 0;
  while (true) {
    bytes.resize(std::max<std::size_t>(2 * size, 1 << 20));
    const ssize_t got = ::read(STDIN_FILENO, bytes.data() + size, bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read standard input");
    size += static_cast<std::size_t>(got);
    if (got == 0 || size > kMaxSavedFitBytes) break;
  }
  bytes.resize(size);
  return bytes;
}

Result<void> write_standard_output(Bytes bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno(errno, "cannot write standard output");
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  return {};
}

}  // namespace

Result<void> save(const std::filesystem::path& path) {
  RINGSIDE_TRY(auto bytes, read_standard_input());
  const auto fit = SavedFit::from_bytes(std::move(bytes));
  if (!fit) return tl::unexpected<Error>(cannot_use("standard input", fit.error()));
  return write_parquet(path, *fit);
}

Result<void> dump(const std::filesystem::path& path) {
  RINGSIDE_TRY(auto file, OpenedFile::open(path));
  const auto fit = read_with_progress(file, path);
  if (!fit) return tl::unexpected<Error>(cannot_use(path, fit.error()));
  print_notes(*fit, path);
  RINGSIDE_TRY(const auto events, CycleEvents::build(fit->points, 0));
  if (events.count() != 1)
    return fail(Errc::too_large, "cannot write ", path.string(),
                " as one event: it has more than 65536 hosts, 256 profiles or 256 MiB; publish it "
                "with ringside-feed instead, as several events");
  return write_standard_output(events.event(0));
}

}  // namespace ringside::feed
