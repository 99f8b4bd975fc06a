#include "dashboard_reader/file_body.hpp"

#include <algorithm>
#include <cerrno>

#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <sys/sendfile.h>
#include <sys/stat.h>

namespace ringside::dashboard {
namespace {

/// A turn of one download, before others have theirs.
constexpr std::uint64_t kTurnBytes = 256 * 1024;
/// What completes a body is held back until the file is known to be as it was. (What sendfile() was
/// given before may still change on its way, if the file is written to in place; such a body stays
/// incomplete.)
constexpr std::uint64_t kHeldBack = 8;

bool is_as_it_was(const FileSlice& slice) {
  struct stat status {};
  return ::fstat(slice.file->descriptor(), &status) == 0 && status.st_size == slice.size &&
         status.st_mtim.tv_sec == slice.modified.tv_sec &&
         status.st_mtim.tv_nsec == slice.modified.tv_nsec;
}

}  // namespace

asio::awaitable<bool> send_file(asio::ip::tcp::socket& socket, FileSlice slice,
                                std::function<void()> moving) {
  auto offset = static_cast<off_t>(slice.offset);
  std::uint64_t left = slice.length;
  while (left > 0) {
    const bool ending = left <= kHeldBack;
    if (ending && !is_as_it_was(slice)) co_return false;
    const std::uint64_t turn = ending ? left : std::min(left - kHeldBack, kTurnBytes);
    const ssize_t sent =
        ::sendfile(socket.native_handle(), slice.file->descriptor(), &offset, turn);
    asio::error_code error;
    if (sent > 0) {
      left -= static_cast<std::uint64_t>(sent);
      moving();
      co_await asio::post(socket.get_executor(), asio::use_awaitable);  // the others' turn
    } else if (sent < 0 && errno == EAGAIN) {
      co_await socket.async_wait(asio::socket_base::wait_write,
                                 asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return false;
    } else if (sent == 0 || errno != EINTR) {
      co_return false;
    }
  }
  co_return true;
}

}  // namespace ringside::dashboard
