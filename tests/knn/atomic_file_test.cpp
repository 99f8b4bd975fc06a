#include "producer_shim/atomic_file.hpp"

#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temporary_directory.hpp"

namespace ringside::knn {
namespace {

using Catch::Matchers::Contains;
using support::TemporaryDirectory;

constexpr std::array<std::uint8_t, 3> kContent{'n', 'e', 'w'};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a path that can be written passes and stays untouched", "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  CHECK(check_replaceable(folder.path() / "file"));
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(check_replaceable("file-in-the-current-folder"));
}

TEST_CASE("a path is refused before anything is computed", "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  SECTION("in a folder that is not there") {
    const Result<void> checked = check_replaceable(folder.path() / "no" / "file");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::not_found);
    CHECK_THAT(checked.error().message, Contains((folder.path() / "no").string()));
  }
  SECTION("in a folder that nobody may write to, not even root") {
    CHECK_FALSE(check_replaceable("/proc/file"));
  }
  SECTION("that is a folder") {
    CHECK_FALSE(check_replaceable(folder.path()));
  }
  SECTION("that ends like a folder") {
    CHECK_FALSE(check_replaceable(folder.path() / ""));
  }
  SECTION("that is a device") {
    CHECK_FALSE(check_replaceable("/dev/null"));
  }
  SECTION("that would be new among the devices") {
    CHECK_FALSE(check_replaceable("/dev/ringside-no-such-device"));
  }
  SECTION("that leads to a device") {
    std::filesystem::create_symlink("/dev/null", folder.path() / "link");
    CHECK_FALSE(check_replaceable(folder.path() / "link"));
  }
  SECTION("that leads to an open file through the kernel, as /dev/stdout does") {
    std::ofstream(folder.path() / "file") << "old";
    const int fd = open((folder.path() / "file").c_str(), O_RDONLY | O_CLOEXEC);
    const std::string target = "/proc/self/fd/" + std::to_string(fd);
    std::filesystem::create_symlink(target, folder.path() / "link");
    CHECK_FALSE(check_replaceable(folder.path() / "link"));
    CHECK_FALSE(replace_file(folder.path() / "link", kContent));
    close(fd);
    CHECK(std::filesystem::read_symlink(folder.path() / "link") == target);
    CHECK(content_of(folder.path() / "file") == "old");
  }
  SECTION("that leads round in a circle") {
    std::filesystem::create_symlink("b", folder.path() / "a");
    std::filesystem::create_symlink("a", folder.path() / "b");
    CHECK_FALSE(check_replaceable(folder.path() / "a"));
  }
  SECTION("that is a pipe") {
    REQUIRE(mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
    CHECK_FALSE(check_replaceable(folder.path() / "pipe"));
    CHECK_FALSE(replace_file(folder.path() / "pipe", kContent));
    CHECK(std::filesystem::is_fifo(folder.path() / "pipe"));
  }
  SECTION("below a file") {
    std::ofstream(folder.path() / "file") << "old";
    CHECK_FALSE(check_replaceable(folder.path() / "file" / "file"));
  }
}

TEST_CASE("a file that cannot be replaced leaves no temporary file", "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path path = folder.path() / "file";
  // A rename onto a folder that is not empty fails after everything else went well.
  const Result<void> replaced = replace_file(path, [&](const auto&) -> Result<void> {
    std::filesystem::create_directories(path / "taken");
    return {};
  });
  REQUIRE_FALSE(replaced);
  CHECK_THAT(replaced.error().message, Contains("cannot replace"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a replaced file keeps its old content for those who have it open",
          "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path path = folder.path() / "file";
  std::ofstream(path) << "old";
  std::ifstream opened_before(path);
  REQUIRE(replace_file(path, kContent));
  std::string before;
  opened_before >> before;
  CHECK(before == "old");
  CHECK(content_of(path) == "new");
}

TEST_CASE("a file that several replace at the same time is always what one of them wrote",
          "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path path = folder.path() / "file";
  constexpr std::size_t kSize = 100'000;
  REQUIRE(replace_file(path, std::vector<std::uint8_t>(kSize, 'a')));
  std::atomic<int> failed{0};
  std::atomic<int> writing{4};
  std::vector<std::jthread> writers;
  for (const std::uint8_t letter : std::array<std::uint8_t, 4>{'a', 'b', 'c', 'd'})
    writers.emplace_back([&, content = std::vector<std::uint8_t>(kSize, letter)] {
      for (int i = 0; i < 50; ++i)
        if (!replace_file(path, content)) ++failed;
      --writing;
    });
  std::size_t torn = 0;
  while (writing > 0) {
    const std::string content = content_of(path);
    if (content.size() != kSize || content.find_first_not_of(content[0]) != std::string::npos)
      ++torn;
  }
  writers.clear();
  CHECK(failed == 0);
  CHECK(torn == 0);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a temporary file of another process of the same id stays", "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path other =
      folder.path() / (".file." + std::to_string(getpid()) + ".tmp");
  std::ofstream(other) << "half";
  CHECK(check_replaceable(folder.path() / "file"));
  CHECK(replace_file(folder.path() / "file", kContent));
  CHECK(content_of(other) == "half");
}

TEST_CASE("of a link, the file that it leads to is replaced, there or not", "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  const std::filesystem::path other = folder.path() / "other";
  std::filesystem::create_directory(other);
  // Two steps, the second of which is told from where the first leads.
  std::filesystem::create_symlink("target", other / "second");
  std::filesystem::create_symlink("other/second", folder.path() / "link");
  for (const char* const before : {"", "old"}) {
    if (*before != '\0') std::ofstream(other / "target") << before;
    CHECK(check_replaceable(folder.path() / "link"));
    REQUIRE(replace_file(folder.path() / "link", kContent));
    CHECK(content_of(other / "target") == "new");
    CHECK(std::filesystem::read_symlink(folder.path() / "link") == "other/second");
    CHECK(std::filesystem::is_symlink(other / "second"));
  }
}

TEST_CASE("a replaced file has the permissions of any new one", "[knn][atomic_file]") {
  const TemporaryDirectory folder;
  const mode_t before = umask(027);
  CHECK(replace_file(folder.path() / "file", kContent));
  umask(before);
  CHECK(std::filesystem::status(folder.path() / "file").permissions() ==
        std::filesystem::perms{0640});
}

}  // namespace
}  // namespace ringside::knn
