#include "dashboard_reader/http/file_body.hpp"

#include <algorithm>
#include <cerrno>

#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringside::dashboard {
namespace {

bool is_as_it_was(const FileSlice& slice) {
  struct stat status {};
  return ::fstat(slice.file->descriptor(), &status) == 0 && status.st_size == slice.size &&
         status.st_mtim.tv_sec == slice.modified.tv_sec &&
         status.st_mtim.tv_nsec == slice.modified.tv_nsec;
}

}  // namespace

asio::awaitable<bool> send_file(asio::ip::tcp::socket& socket, FileSlice slice,
                                std::span<char> buffer, std::function<void()> moving) {
  std::uint64_t at = slice.offset;
  const std::uint64_t end = slice.offset + slice.length;
  while (at < end) {
    // Read and sent without a pause between, since the buffer is everybody's. sendfile() would pass
    // on pages that may still be written to when they are in the socket, and after every check.
    const ssize_t got =
        ::pread(slice.file->descriptor(), buffer.data(),
                std::min<std::uint64_t>(end - at, buffer.size()), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    // What completes the body is sent only if the file is still what it was when it was read.
    const bool completes = got > 0 && at + static_cast<std::uint64_t>(got) == end;
    if (got <= 0 || (completes && !is_as_it_was(slice))) co_return false;
    asio::error_code error;
    const std::size_t sent = socket.send(asio::buffer(buffer.data(), static_cast<std::size_t>(got)),
                                         MSG_NOSIGNAL, error);
    at += sent;
    if (error == asio::error::would_block)
      co_await socket.async_wait(asio::socket_base::wait_write,
                                 asio::redirect_error(asio::use_awaitable, error));
    else if (!error) {
      moving();
      co_await asio::post(socket.get_executor(), asio::use_awaitable);  // the others' turn
    }
    if (error) co_return false;
  }
  co_return true;
}

}  // namespace ringside::dashboard
